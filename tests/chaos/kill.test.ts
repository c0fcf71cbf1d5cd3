import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { Agent, request } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import test, { type TestContext } from 'node:test';
import { API_KEY, workplace } from '../../src/testing/server-process.ts';

/** 100 rounds in lanes of their own, since most of a round is a start of the server. */
const LANES = 4;
const ROUNDS = 25;
const CLIENTS = 32;
/** A round ends some milliseconds after so many acknowledgements at most: by their number, so that a slow machine sees some too. */
const MOST_ACKNOWLEDGED = 80;
const LONGEST_MS = 20;

/** What clients were told: a path by which a thing can be told to be there, and whether the last that was acknowledged left it there. */
interface Ledger {
  /** User id → acknowledged as made, as in the group, as removed; `asked` while a removal may or may not have been done. */
  users: Map<string, { inGroup: boolean; removal: 'none' | 'asked' | 'done' }>;
  /** Client id → whether a secret was acknowledged. */
  clients: Map<string, { secret: boolean }>;
}

/** One call; undefined when no whole answer came back. */
function call(
  agent: Agent,
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: { id: string } } | undefined> {
  return new Promise((resolve) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      'x-api-key': API_KEY,
      ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}),
    };
    const sent = request(new URL(path, url), { method, agent, headers }, (response) => {
      let answer = '';
      response.on('data', (chunk) => {
        answer += chunk;
      });
      response.on('close', () =>
        resolve(response.complete ? { status: response.statusCode as number, body: answer ? JSON.parse(answer) : {} } : undefined),
      );
    });
    sent.on('error', () => resolve(undefined)).end(text);
  });
}

/** Makes users, puts them into the group, removes some, makes clients and secrets, until the server is gone; notes what was acknowledged. */
async function write(agent: Agent, url: string, name: string, groupId: string, ledger: Ledger, acknowledged: () => void): Promise<void> {
  for (let n = 0; ; n++) {
    const user = await call(agent, url, 'POST', '/api/users', {
      username: `${name}-${n}`,
      firstName: 'A',
      lastName: 'B',
      displayName: 'A B',
      email: `${name}-${n}@app.test`,
    });
    if (!user) return;
    assert.equal(user.status, 201, JSON.stringify(user.body));
    const note = { inGroup: false, removal: 'none' as 'none' | 'asked' | 'done' };
    ledger.users.set(user.body.id, note);
    acknowledged();
    const joined = await call(agent, url, 'PUT', `/api/users/${user.body.id}/user-groups`, { userGroupIds: [groupId] });
    if (!joined) return;
    assert.equal(joined.status, 200, JSON.stringify(joined.body));
    note.inGroup = true;
    const made = await call(agent, url, 'POST', '/api/oidc/clients', {
      name: `${name}-${n}`,
      callbackURLs: ['https://app.test/cb'],
      isPublic: false,
      pkceEnabled: true,
    });
    if (!made) return;
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const client = { secret: false };
    ledger.clients.set(made.body.id, client);
    acknowledged();
    const secret = await call(agent, url, 'POST', `/api/oidc/clients/${made.body.id}/secret`);
    if (!secret) return;
    assert.equal(secret.status, 200, JSON.stringify(secret.body));
    client.secret = true;
    if (n % 2) continue;
    note.removal = 'asked';
    const removed = await call(agent, url, 'DELETE', `/api/users/${user.body.id}`);
    if (!removed) return;
    assert.equal(removed.status, 204, JSON.stringify(removed.body));
    note.removal = 'done';
    acknowledged();
  }
}

/** Everything acknowledged is there, and nothing is there by half. */
function check(path: string, groupId: string, ledger: Ledger): void {
  using db = new DatabaseSync(path, { readOnly: true });
  const column = (sql: string) =>
    new Set(
      db
        .prepare(sql)
        .all()
        .map((row) => Object.values(row)[0] as string),
    );
  assert.deepEqual(
    db
      .prepare('pragma integrity_check')
      .all()
      .map((row) => row.integrity_check),
    ['ok'],
  );
  assert.deepEqual(db.prepare('pragma foreign_key_check').all(), []);
  const users = column('select id from "user" where is_static = 0');
  const members = column(`select user_id from user_group_member where group_id = '${groupId}'`);
  const clients = column('select id from client');
  const secrets = column('select distinct client_id from client_secret');
  const missing: string[] = [];
  for (const [id, { inGroup, removal }] of ledger.users) {
    if (removal === 'none' && !users.has(id)) missing.push(`user ${id}`);
    if (removal === 'none' && inGroup && !members.has(id)) missing.push(`membership of ${id}`);
    if (removal === 'done' && users.has(id)) missing.push(`removal of ${id}`);
  }
  for (const [id, { secret }] of ledger.clients) {
    if (!clients.has(id)) missing.push(`client ${id}`);
    if (secret && !secrets.has(id)) missing.push(`secret of ${id}`);
  }
  assert.deepEqual(missing, [], 'acknowledged, and not there');
  // Each user was made in one transaction with the audit row that says so.
  const told = column(`select user_id from audit_log where event = 'USER_CREATED'`);
  const gone = column(`select user_id from audit_log where event = 'USER_DELETED'`);
  assert.deepEqual(
    [...users].filter((id) => !told.has(id)),
    [],
    'a user without its audit row',
  );
  assert.deepEqual(
    [...told].filter((id) => !users.has(id) && !gone.has(id)),
    [],
    'an audit row without its user',
  );
}

async function lane(t: TestContext, number: number): Promise<number> {
  const place = await workplace(t);
  const ledger: Ledger = { users: new Map(), clients: new Map() };
  let server = await place.start();
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const group = await call(agent, server.url, 'POST', '/api/user-groups', { name: 'familia', friendlyName: 'Familia' });
  const groupId = group?.body.id ?? '';
  for (let round = 0; round < ROUNDS; round++) {
    let left = randomInt(MOST_ACKNOWLEDGED);
    const acknowledged = () => {
      if (left-- === 0) setTimeout(() => server.child.kill('SIGKILL'), randomInt(LONGEST_MS));
    };
    const writers = Array.from({ length: CLIENTS }, (_, i) =>
      write(agent, server.url, `r${number}-${round}-${i}`, groupId, ledger, acknowledged),
    );
    await Promise.all(writers);
    assert.equal(
      await server.ended,
      'SIGKILL',
      server
        .output()
        .split('\n')
        .filter((line) => / ERR /.test(line))
        .join('\n'),
    );
    server = await place.start();
    check(place.database, groupId, ledger);
  }
  agent.destroy();
  return ledger.users.size + ledger.clients.size;
}

test('REL-01 killed a hundred times under writes, the server loses nothing it acknowledged and leaves nothing half done', async (t) => {
  // What PostgreSQL promises of its own crashes is not ours to test; that of the server is the same on both.
  const acknowledged = await Promise.all(Array.from({ length: LANES }, (_, number) => lane(t, number)));
  assert.ok(
    acknowledged.every((count) => count > 0),
    `things acknowledged in each lane: ${acknowledged.join(', ')}`,
  );
});
