import { request } from 'node:http';
import type { TestContext } from 'node:test';
import { httpServer } from '../platform/http/server.ts';
import { SECRET_PATHS, takesMuch } from '../routes.ts';
import type { World } from './world.ts';

/** From now on every request of this world, also those of its browsers, goes over a socket to the real server, which logs into the world's log. */
export async function behindServer(t: TestContext, { app, config, log }: World): Promise<void> {
  const http = httpServer({ fetch: app.fetch, endpoints: app.endpoints, config, log, isUpload: takesMuch, secretPaths: SECRET_PATHS });
  await http.listen(0, '127.0.0.1');
  t.after(() => http.drain(0));
  const { port } = http.server.address() as { port: number };
  const { host } = new URL(config.appUrl);
  app.request = (input, init = {}) =>
    new Promise<Response>((resolve, reject) => {
      const url = new URL(String(input));
      const body = init.body instanceof Uint8Array ? init.body : String(init.body ?? '');
      const headers = {
        ...Object.fromEntries(new Headers(init.headers)),
        host,
        ...(body.length > 0 ? { 'content-length': Buffer.byteLength(body) } : {}),
      };
      request(
        { port, host: '127.0.0.1', path: url.pathname + url.search, method: init.method ?? 'GET', headers, agent: false },
        (answer) => {
          const chunks: Buffer[] = [];
          answer
            .on('data', (chunk: Buffer) => chunks.push(chunk))
            .on('end', () => {
              const status = answer.statusCode ?? 0;
              const pairs = Object.entries(answer.headers).flatMap(([name, value]) =>
                [value ?? []].flat().map((one): [string, string] => [name, one]),
              );
              resolve(new Response([204, 304].includes(status) ? null : Buffer.concat(chunks), { status, headers: pairs }));
            });
        },
      )
        .on('error', reject)
        .end(body);
    });
}
