import type { Plan } from './load.ts';
import type { Passkey } from './passkeys.ts';
import type { Server } from './processes.ts';

/** One answer of PocketID's, and the cryptography behind it: what the limit server repeats. */
export interface Recording {
  method: string;
  path: string;
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
  /** The JWTs among the body's members, to be signed anew for each answer, in the order in which they must be. */
  tokens: { member: string; alg: string; header: unknown; claims: unknown }[];
  /** Keys that a request's assertion is verified with; none: nothing is verified. */
  passkeys: readonly Passkey[];
}

/** Set by `node:http` itself in every answer. */
const OF_NODE = new Set(['connection', 'keep-alive', 'date', 'content-length', 'transfer-encoding']);

const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as { alg: string };

function tokensOf(type: string, body: string): Recording['tokens'] {
  if (!type.startsWith('application/json')) return [];
  const members = JSON.parse(body) as Record<string, unknown>;
  return ['access_token', 'id_token'].flatMap((member) => {
    const value = members[member];
    const [header, claims, signature] = typeof value === 'string' ? value.split('.') : [];
    return signature === undefined ? [] : [{ member, alg: decoded(header).alg, header: decoded(header), claims: decoded(claims) }];
  });
}

/** Sends one request of a plan and records the answer. A refusal is a mistake in the bench and throws. */
export async function record(server: Server, plan: Plan, line: string, passkeys: readonly Passkey[] = []): Promise<Recording> {
  const [body = '', cookie] = line.split('\t');
  const response = await fetch(`${server.origin}${plan.path}`, {
    method: plan.method,
    headers: { ...plan.headers, ...(cookie === undefined ? {} : { cookie }) },
    redirect: 'manual',
    body: plan.method === 'POST' ? body : undefined,
  });
  const text = await response.text();
  if (response.status >= 400) throw new Error(`${plan.method} ${plan.path} answered ${response.status}: ${text}`);
  const headers: Recording['headers'] = {};
  for (const [name, value] of response.headers)
    if (!OF_NODE.has(name)) headers[name] = name === 'set-cookie' ? response.headers.getSetCookie() : value;
  const tokens = tokensOf(response.headers.get('content-type') ?? '', text);
  return { method: plan.method, path: plan.path, status: response.status, headers, body: text, tokens, passkeys };
}
