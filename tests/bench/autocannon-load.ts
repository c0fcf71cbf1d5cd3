// usage: node autocannon-load.ts <url> <seconds> <plan>: what requests.lua does, where wrk is missing or requests need a signature.
import { readFileSync } from 'node:fs';
import autocannon, { type Request } from 'autocannon';
import { createPasskeys } from './passkeys.ts';

const [url = '', seconds = '', file = ''] = process.argv.slice(2);
const rows = readFileSync(file, 'utf8').split('\n');
const end = rows.indexOf('', 3);
const [method = '', path = '', kind = ''] = rows;
const sent = Object.fromEntries(rows.slice(3, end).map((row) => row.split(/: (.*)/s) as [string, string]));
// A request that is set up at run time gets no Host by itself.
const headers = { ...sent, Host: new URL(url).host };
const lines = rows.slice(end + 1);
let next = 0;
let runsOut = false;

const fixed = (line = ''): Request => {
  const [body = '', cookie] = line.split('\t');
  return { method, path, body, headers: cookie === undefined ? headers : { ...headers, Cookie: cookie } };
};

/** Every line once; when they run out the last one is sent, and its errors are seen. */
const once: Request = {
  ...fixed(lines[0]),
  setupRequest: () => {
    if (next >= lines.length) runsOut = true;
    return fixed(lines[Math.min(next++, lines.length - 1)]);
  },
};

const chain = (): Request => {
  const [start = '', ...tokens] = lines;
  return {
    ...fixed(start),
    setupRequest: () => fixed(start + (tokens[next++] ?? '')),
    onResponse: (_, body) => void tokens.push(/"refresh_token":"([^"]+)"/.exec(body)?.[1] ?? ''),
  };
};

/** Start, which gives a challenge and a cookie, then finish with the assertion over it. */
function signIn(): Request[] {
  const passkeys = createPasskeys(JSON.parse(lines[0] ?? '[]'));
  const start: Request = {
    method: 'GET',
    path: path.replace(/finish$/, 'start'),
    onResponse: (_, body, context, answered) => {
      const cookies = [answered['set-cookie'] ?? answered['Set-Cookie'] ?? []].flat();
      context.cookie = cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ');
      context.body = passkeys.assert(next++, (JSON.parse(body) as { challenge: string }).challenge);
    },
  };
  const finish: Request = {
    ...fixed(),
    setupRequest: (_, { body, cookie }) => ({ method, path, body: String(body), headers: { ...headers, Cookie: String(cookie) } }),
  };
  return [start, finish];
}

const requests = kind === 'sign-in' ? signIn() : kind === 'chain' ? [chain()] : kind === 'once' ? [once] : [fixed(lines[0])];
const result = await autocannon({ url, connections: 64, duration: Number(seconds), requests });
const pair = kind === 'sign-in' ? 2 : 1;
const errors = result.errors + result['4xx'] + result['5xx'] + Number(runsOut);
const { p50, p99 } = result.latency;
process.stdout.write(
  `\nresult ${JSON.stringify({ requests: result.requests.total / pair, seconds: result.duration, errors, p50: p50 * pair, p99: p99 * pair })}\n`,
);
