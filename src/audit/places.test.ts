import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { auditRows } from '../testing/administration.ts';
import { browser } from '../testing/browser.ts';
import { person } from '../testing/people.ts';
import { recordingLog, settableClock, type World, world } from '../testing/world.ts';
import { createGeoliteUpdate } from './geolite.ts';
import { createPlaces } from './places.ts';

/** MaxMind's own test database, and two addresses that it documents. */
const CITIES = join(import.meta.dirname, '../testing/geo/GeoLite2-City-Test.mmdb');
const [BOXFORD, SAN_DIEGO] = ['2.125.160.216', '2001:480:10::1'];
/** Addresses of the RIPE NCC, which has been in Amsterdam since before there were such databases. */
const [RIPE, RIPE6] = ['193.0.6.139', '2001:67c:2e8:22::c100:68b'];

function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-places-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'GeoLite2-City.mmdb');
}
const errors = (log: { lines: { message: string }[] }) => log.lines.filter(({ message }) => message.includes('error'));
const signsIn = async (w: World, ip: string) => {
  const ann = await person(w, { username: 'ann' });
  const { body } = await w.api('POST', `/api/users/${ann.id}/one-time-access-token`, { ttl: '1h' });
  const visitor = browser(w);
  const answer = await visitor.request(`/api/one-time-access-token/${body.token}`, { method: 'POST', ip });
  assert.equal(answer.status, 200);
  const [row] = await auditRows(w, 'TOKEN_SIGN_IN');
  return [row?.country, row?.city];
};

test('without any setting the log says which country somebody came from, from the first request on', async (t) => {
  assert.deepEqual(await signsIn(await world(t), RIPE), ['Netherlands', '']);
  assert.deepEqual(await signsIn(await world(t), RIPE6), ['Netherlands', '']);
});

test('an operator’s database says the city too', async (t) => {
  assert.deepEqual(await signsIn(await world(t, { geoliteDbPath: CITIES }), BOXFORD), ['United Kingdom', 'Boxford']);
  assert.deepEqual(await signsIn(await world(t, { geoliteDbPath: CITIES }), SAN_DIEGO), ['United States', 'San Diego']);
});

test('addresses at home, and those the operator calls so, are on no map', async (t) => {
  const w = await world(t, { localIpv6Ranges: ['2001:67c:2e8::/48'] });
  assert.deepEqual(await signsIn(w, RIPE6), ['Internal Network', 'LAN']);
});

test('a database that cannot be read is told once, the packaged one answers, and people sign in', async (t) => {
  const file = place(t);
  for (const damage of [Buffer.from('no database at all'), readFileSync(CITIES).subarray(0, 9000), Buffer.alloc(0), gzipSync('x')]) {
    writeFileSync(file, damage);
    const w = await world(t, { geoliteDbPath: file });
    assert.deepEqual(await signsIn(w, RIPE), ['Netherlands', '']);
    assert.deepEqual(
      errors(w.log).map(({ message }) => message),
      ['the geo database cannot be read: error'],
    );
  }
  const missing = await world(t, { geoliteDbPath: `${file}.missing` });
  assert.deepEqual(await signsIn(missing, RIPE), ['Netherlands', '']);
  assert.equal(errors(missing.log).length, 1);
});

test('a database with damage inside, and none at all, leave the place open and nothing else', async (t) => {
  const file = place(t);
  const bytes = Buffer.from(readFileSync(CITIES));
  // The records between the tree and the last block say nothing any more.
  bytes.fill(0xff, 10_000, 18_000);
  writeFileSync(file, bytes);
  const damaged = recordingLog();
  const places = createPlaces({ file, isExpected: true, log: damaged });
  places.locate(RIPE);
  await places.pending();
  for (const ip of [BOXFORD, SAN_DIEGO, '89.160.20.112']) assert.deepEqual(places.locate(ip), { country: '', city: '' }, ip);
  assert.equal(errors(damaged).length, 1, 'told once');

  const none = createPlaces({ file: `${file}.missing`, isExpected: false, packaged: `${file}.gone`, log: recordingLog() });
  none.locate(RIPE);
  await none.pending();
  assert.deepEqual([none.locate(RIPE), none.isSettled()], [{ country: '', city: '' }, true]);
});

test('nothing is opened before somebody comes from outside', async (t) => {
  const w = await world(t, { geoliteDbPath: `${place(t)}.missing` });
  assert.deepEqual(await signsIn(w, '192.168.1.7'), ['Internal Network', 'LAN']);
  assert.deepEqual(errors(w.log), []);
});

test('a database that was replaced is read anew', async (t) => {
  const file = place(t);
  const places = createPlaces({ file, isExpected: false, log: recordingLog() });
  places.locate(BOXFORD);
  await places.pending();
  assert.deepEqual([places.locate(BOXFORD).city, places.needsCredit()], ['', true]);
  copyFileSync(CITIES, file);
  await places.refresh();
  assert.deepEqual([places.locate(BOXFORD).city, places.needsCredit()], ['Boxford', false]);
  writeFileSync(file, 'half a database');
  utimesSync(file, 1, 1);
  await places.refresh();
  assert.equal(places.locate(BOXFORD).city, 'Boxford', 'the old one is better than nothing');
});

test('the page that approves a device says where it is, and names DB-IP where that is known from them', async (t) => {
  const page = async (w: World, ip: string) => {
    const ann = await person(w, { username: 'ann' });
    await ann.signIn();
    const asked = await browser(w).request('/api/device-login/requests', { method: 'POST', ip });
    const { userCode } = (await asked.json()) as { userCode: string };
    return (await ann.visit(`/device?user_code=${userCode}`)).text();
  };
  const credit = '<a href="https://db-ip.com">IP Geolocation by DB-IP</a>';
  const packaged = await page(await world(t), RIPE);
  assert.deepEqual([packaged.includes('Netherlands'), packaged.includes(credit)], [true, true]);
  const operators = await page(await world(t, { geoliteDbPath: CITIES }), BOXFORD);
  assert.deepEqual([operators.includes('Boxford, United Kingdom'), operators.includes(credit)], [true, false]);
  assert.equal((await page(await world(t), '192.168.1.7')).includes(credit), false);
});

/** A gzipped tar with one directory and one file, as MaxMind packs them. */
const archive = (name: string, content: Buffer) => {
  const header = (path: string, size: number) => {
    const block = Buffer.alloc(512);
    block.write(path);
    block.write(size.toString(8).padStart(11, '0'), 124);
    return block;
  };
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  const note = [header('GeoLite2-City_20260101/COPYRIGHT.txt', 5), Buffer.from('hello'.padEnd(512, '\0'))];
  return gzipSync(Buffer.concat([header('GeoLite2-City_20260101/', 0), ...note, header(name, content.length), content, padding]));
};

function server(t: TestContext, answer: () => Response) {
  const asked: string[] = [];
  const clock = settableClock();
  const file = place(t);
  const get = async (url: string) => {
    asked.push(url);
    return answer();
  };
  const update = createGeoliteUpdate({ file, url: undefined, licenseKey: 'a key/of ours', clock, log: recordingLog(), get });
  return { asked, clock, file, update: update ?? assert.fail('nothing would be fetched') };
}

test('with a licence key MaxMind’s database is fetched, once a day', async (t) => {
  const { asked, clock, file, update } = server(t, () => new Response(archive('x/GeoLite2-City.mmdb', readFileSync(CITIES))));
  await update();
  assert.deepEqual(readFileSync(file), readFileSync(CITIES));
  assert.match(asked.join(), /^https:\/\/download\.maxmind\.com\/.*license_key=a%20key%2Fof%20ours&/);
  clock.advance(86_399);
  await update();
  assert.equal(asked.length, 1);
  clock.advance(2);
  await update();
  assert.equal(asked.length, 2);
});

test('what is fetched and is no database replaces none, is not asked for again at once, and tells nobody the key', async (t) => {
  const bad: [string, () => Response][] = [
    ['a refusal', () => new Response('bad key', { status: 401 })],
    ['no archive', () => new Response('<html>')],
    ['an archive without a database', () => new Response(archive('x/readme.txt', Buffer.from('x')))],
    ['an archive cut short', () => new Response(gzipSync(Buffer.alloc(700, 1)))],
    ['a damaged database', () => new Response(archive('x/a.mmdb', Buffer.from('half')))],
    [
      'nobody',
      () => {
        throw new Error('connect https://download.example?license_key=a%20key');
      },
    ],
  ];
  for (const [what, answer] of bad) {
    const { asked, clock, file, update } = server(t, answer);
    copyFileSync(CITIES, file);
    utimesSync(file, 1, 1);
    await assert.rejects(update, (cause: Error) => !cause.message.includes('key'), what);
    assert.deepEqual([readFileSync(file).equals(readFileSync(CITIES)), readdirSync(join(file, '..')).length], [true, 1], what);
    await update();
    assert.equal(asked.length, 1, what);
    clock.advance(3600);
    await assert.rejects(update, what);
  }
});

test('without a licence key nobody is asked, unless for an address that needs none', (t) => {
  const base = { file: place(t), licenseKey: undefined, clock: settableClock(), log: recordingLog() };
  assert.equal(createGeoliteUpdate({ ...base, url: undefined }), undefined);
  assert.equal(createGeoliteUpdate({ ...base, url: 'https://mirror.example.com/%s.tar.gz' }), undefined);
  assert.equal(typeof createGeoliteUpdate({ ...base, url: 'https://mirror.example.com/city.tar.gz' }), 'function');
});
