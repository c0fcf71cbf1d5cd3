import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server';
import { createAuthenticator } from '#src/testing/authenticator.ts';
import { freePort } from '#src/testing/free-port.ts';

const STATIC_KEY = 'static-api-key-of-the-browser-tests';

/** A passkey as a virtual authenticator takes it (base64, PKCS #8). */
export interface Passkey {
  credentialId: string;
  userHandle: string;
  privateKey: string;
  rpId: string;
}
export interface Person {
  id: string;
  username: string;
  passkey: Passkey;
}
export interface Application {
  id: string;
  secret: string;
  name: string;
}

const base64 = (text: string) => Buffer.from(text, 'base64url').toString('base64');

/** What tests do at a running server from outside, with its STATIC_API_KEY. */
export function administer(url: string, key = STATIC_KEY) {
  /** Calls the REST API as administrator; throws for anything but success. */
  const api = async <T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> => {
    const headers = { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const response = await fetch(url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  };

  /** A user by the API, without a passkey yet. */
  const user = (more: Record<string, unknown> = {}) => {
    const username = `u${randomUUID().slice(0, 8)}`;
    return api<{ id: string; username: string }>('POST', '/api/users', {
      username,
      email: `${username}@example.com`,
      firstName: 'Milton',
      lastName: 'Rivera',
      displayName: 'Milton Rivera',
      ...more,
    });
  };

  /** Registers a passkey through the API, as a device of the person's would. */
  const enrol = async (id: string): Promise<Passkey> => {
    const { token } = await api<{ token: string }>('POST', `/api/users/${id}/one-time-access-token`, { ttl: 600 });
    const signedIn = await fetch(`${url}/api/one-time-access-token/${token}`, { method: 'POST' });
    const jar = new Map<string, string>();
    const keep = (response: Response) => {
      for (const line of response.headers.getSetCookie()) jar.set(line.slice(0, line.indexOf('=')), line.slice(0, line.indexOf(';')));
    };
    const headers = () => ({ cookie: [...jar.values()].join('; ') });
    keep(signedIn);
    const started = await fetch(`${url}/api/webauthn/register/start`, { headers: headers() });
    keep(started);
    const device = createAuthenticator(url);
    const answer = device.register((await started.json()) as PublicKeyCredentialCreationOptionsJSON);
    const finished = await fetch(`${url}/api/webauthn/register/finish`, {
      method: 'POST',
      headers: { ...headers(), 'content-type': 'application/json' },
      body: JSON.stringify(answer),
    });
    if (!finished.ok) throw new Error(`the passkey was not registered: ${await finished.text()}`);
    const made = device.credentials[0]!;
    const privateKey = made.key.private.export({ type: 'pkcs8', format: 'der' }).toString('base64');
    return { credentialId: base64(made.id), userHandle: base64(made.userHandle), privateKey, rpId: made.rpId };
  };
  return { api, user, enrol };
}

/** The real program as a process of its own, on a free port of localhost with a fresh data directory. */
export async function startServer(env: Record<string, string> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'pocketid-e2e-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts')], {
    cwd: directory,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: directory,
      APP_URL: url,
      PORT: String(port),
      STATIC_API_KEY: STATIC_KEY,
      DISABLE_RATE_LIMITING: 'true',
      ...env,
    },
  });
  let output = '';
  const ready = new Promise<void>((resolve, reject) => {
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('is ready')) resolve();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
  await ready;

  const { api, user, enrol } = administer(url);

  return {
    url,
    api,
    user,
    enrol,
    /** Changes some fields of a user. */
    change: (id: string, change: Record<string, unknown>) => api('PUT', `/api/users/${id}`, change),
    /** Changes the database under the server, where a test would otherwise have to wait for time to pass. */
    sql(statement: string) {
      const db = new DatabaseSync(join(directory, 'data', 'pocket-id.db'));
      db.exec(`pragma busy_timeout = 5000; ${statement}`);
      db.close();
    },
    /** Everything printed so far. */
    output: () => output,
    /** The first log line with a text; waits for it, since lines are written in batches. */
    async line(text: string): Promise<string> {
      const find = () => output.split('\n').find((line) => line.includes(text));
      while (find() === undefined) await once(child.stdout, 'data');
      return find() ?? '';
    },
    /** A user with a passkey. */
    async person(more: Record<string, unknown> = {}): Promise<Person> {
      const { id, username } = await user(more);
      return { id, username, passkey: await enrol(id) };
    },
    /** A group with members. */
    async group(name: string, userIds: string[] = []) {
      const group = await api<{ id: string }>('POST', '/api/user-groups', {
        name: `${name}-${randomUUID().slice(0, 8)}`,
        friendlyName: name,
      });
      await api('PUT', `/api/user-groups/${group.id}/users`, { userIds });
      return group.id;
    },
    /** An application with credentials; `allowedGroups` restricts it. */
    async application(
      redirectUri: string,
      { allowedGroups, ...more }: Record<string, unknown> & { allowedGroups?: string[] } = {},
    ): Promise<Application> {
      const client = await api<{ id: string; name: string }>('POST', '/api/oidc/clients', {
        name: 'Paperless',
        callbackURLs: [redirectUri],
        logoutCallbackURLs: [new URL('/signed-out', redirectUri).href],
        isPublic: false,
        pkceEnabled: true,
        ...more,
      });
      if (allowedGroups) {
        await api('PUT', `/api/oidc/clients/${client.id}`, {
          name: client.name,
          callbackURLs: [redirectUri],
          isGroupRestricted: true,
          ...more,
        });
        await api('PUT', `/api/oidc/clients/${client.id}/allowed-user-groups`, { userGroupIds: allowedGroups });
      }
      const { secret } = await api<{ secret: string }>('POST', `/api/oidc/clients/${client.id}/secret`);
      return { id: client.id, name: client.name, secret };
    },
    /** Gives an application a logo. */
    async logo(clientId: string, file: string | Buffer<ArrayBuffer>) {
      const body = new FormData();
      body.set('file', new Blob([file]), 'logo');
      const response = await fetch(`${url}/api/oidc/clients/${clientId}/logo`, {
        method: 'POST',
        headers: { 'x-api-key': STATIC_KEY },
        body,
      });
      if (!response.ok) throw new Error(`the logo was refused: ${response.status} ${await response.text()}`);
    },
    async stop() {
      child.kill('SIGTERM');
      await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
export type Server = Awaited<ReturnType<typeof startServer>>;
