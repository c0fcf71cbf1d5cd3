import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import sharp from 'sharp';
import { createApp } from '../../src/app.ts';
import { httpServer, LIMITS } from '../../src/platform/http/server.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { testDatabase } from '../../src/platform/testing/database.ts';
import { sharedKeys } from '../../src/testing/keys.ts';
import { settableClock, testConfig } from '../../src/testing/world.ts';

/**
 * The whole program behind the real server in a process of its own, so that its memory and its file descriptors are its own. The first argument is
 * JSON: limits that differ from the usual ones. Tells its port when it listens, and answers every message with how it is.
 */
const limits = { ...LIMITS, ...(JSON.parse(process.argv[2] ?? '{}') as Partial<typeof LIMITS>) };
const clock = settableClock();
const config = testConfig({ appUrl: 'http://localhost:1411', internalAppUrl: 'http://localhost:1411' });
const log = createLog({ logLevel: 'warn', logJson: false });
const database = await testDatabase(clock);
const app = await createApp({ config, database, clock, random: systemRandom, log, generateKey: sharedKeys() });
const { server, listen } = httpServer({
  fetch: app.fetch,
  endpoints: app.endpoints,
  config,
  log,
  isUpload: () => false,
  secretPaths: [],
  limits,
});
const photo = sharp({
  create: { width: 900, height: 700, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 50 } },
});
const form = new FormData();
form.set('file', new Blob([new Uint8Array(await photo.png().toBuffer())]), 'photo.png');
const headers = { 'x-api-key': config.staticApiKey ?? '' };
const put = await app.request('http://localhost:1411/api/application-images/background', { method: 'PUT', headers, body: form });
if (put.status !== 204) throw new Error(`the image was not taken: ${put.status} ${await put.text()}`);
await listen(0, '127.0.0.1');

let open = 0;
let most = 0;
server.on('connection', (socket: Socket) => {
  most = Math.max(most, ++open);
  socket.once('close', () => open--);
});
process.on('message', () => process.send?.({ rss: process.memoryUsage.rss(), files: readdirSync('/proc/self/fd').length, open, most }));
process.on('disconnect', () => process.exit());
process.send?.((server.address() as { port: number }).port);
