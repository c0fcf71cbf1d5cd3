import { randomBytes, randomUUID } from 'node:crypto';
import { searchKey } from '../platform/text.ts';
import { cbor, createAuthenticator, type Device, type Overrides } from './authenticator.ts';
import { browser } from './browser.ts';
import type { World } from './world.ts';

export interface PersonInit {
  username: string;
  /** Names; a group that is not there yet is made. */
  groups?: string[];
  admin?: boolean;
  email?: string | null;
  disabled?: boolean;
  /** false: a person who has not registered one yet. */
  passkey?: boolean;
  device?: Device;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

async function insertPerson({ database: { db }, clock }: World, { username, groups = [], admin, email, disabled }: PersonInit) {
  const id = randomUUID();
  const now = clock.now();
  const address = email === undefined ? `${username}@example.test` : email;
  await db
    .insertInto('user')
    .values({
      id,
      username,
      username_key: username.normalize('NFKC').toLowerCase(),
      email: address,
      email_key: address?.normalize('NFKC').toLowerCase() ?? null,
      email_verified: 1,
      first_name: capital(username),
      last_name: 'Example',
      display_name: `${capital(username)} Example`,
      is_admin: admin ? 1 : 0,
      role: '',
      locale: null,
      disabled: disabled ? 1 : 0,
      ldap_id: null,
      is_static: 0,
      search_key: searchKey(username, address, capital(username), 'Example', `${capital(username)} Example`),
      created_at: now,
      updated_at: now,
    })
    .execute();
  for (const name of groups) {
    const fresh = { id: randomUUID(), name, friendly_name: capital(name), ldap_id: null, created_at: now, updated_at: now };
    await db
      .insertInto('user_group')
      .values(fresh)
      .onConflict((c) => c.column('name').doNothing())
      .execute();
    const group = await db.selectFrom('user_group').select('id').where('name', '=', name).executeTakeFirstOrThrow();
    await db.insertInto('user_group_member').values({ user_id: id, group_id: group.id }).execute();
    await db
      .updateTable('user_group')
      .set((q) => ({ member_count: q('member_count', '+', 1) }))
      .where('id', '=', group.id)
      .execute();
  }
  return id;
}

/** A person of the installation, put there straight: with a passkey on a device of their own and a browser that is not signed in yet. */
export async function person(world: World, init: PersonInit) {
  const { db } = world.database;
  const id = await insertPerson(world, init);
  const device = createAuthenticator(world.config.appUrl, init.device);
  const rpId = new URL(world.config.appUrl).hostname;
  const sessionCookie = world.config.appUrl.startsWith('https:') ? '__Host-access_token' : 'access_token';

  /** Makes a passkey on the device and stores it, without a ceremony. */
  const addPasskey = async () => {
    device.register({
      rp: { id: rpId, name: 'PocketID' },
      user: { id: Buffer.from(id).toString('base64url'), name: init.username, displayName: init.username },
      challenge: randomBytes(32).toString('base64url'),
      pubKeyCredParams: [],
    });
    const made = device.credentials.at(-1)!;
    const { be = true, bs = be } = init.device ?? {};
    const row = {
      id: randomUUID(),
      user_id: id,
      credential_id: made.id,
      public_key: cbor(made.key.cose).toString('base64url'),
      counter: made.counter,
      transports: '["internal"]',
      backup_eligible: be ? 1 : 0,
      backup_state: bs ? 1 : 0,
      aaguid: '00000000-0000-0000-0000-000000000000',
      attestation_type: 'none',
      name: 'New Passkey',
      created_at: world.clock.now(),
      last_used_at: null,
    } as const;
    await db.insertInto('passkey').values(row).execute();
    return row.id;
  };
  if (init.passkey !== false) await addPasskey();

  const inBrowser = (b = browser(world)) => {
    const json = async (path: string) => (await b.request(path)).json();
    const send = (path: string, answer: unknown) => b.request(path, { method: 'POST', json: answer });
    return {
      ...b,
      /** Is signed in in this browser at once, without a ceremony. */
      async signIn({ amr = 'phr' as 'phr' | 'otp' } = {}) {
        const origin = { requestId: randomUUID(), ip: '127.0.0.1', userAgent: 'test' };
        const replaces = b.cookie(sessionCookie);
        const { value } = await db
          .transaction()
          .execute((tx) => world.app.services.sessions.start(tx, { userId: id, amr: [amr], origin, replaces }));
        b.plant(sessionCookie, value);
      },
      /** Asks for a challenge and answers it, but does not send the answer. */
      answersLogin: async (overrides?: Overrides) => device.assert(await json('/api/webauthn/login/start'), overrides),
      sendsLogin: (answer: unknown) => send('/api/webauthn/login/finish', answer),
      /** The whole ceremony of signing in. */
      async login(overrides?: Overrides) {
        return this.sendsLogin(await this.answersLogin(overrides));
      },
      answersRegistration: async (overrides?: Overrides) => device.register(await json('/api/webauthn/register/start'), overrides),
      sendsRegistration: (answer: unknown) => send('/api/webauthn/register/finish', answer),
      /** The whole ceremony of adding a passkey; the same device takes a second one only with `ignoreExcluded`. */
      async register(overrides?: Overrides) {
        return this.sendsRegistration(await this.answersRegistration(overrides));
      },
      answersReauthentication: async (overrides?: Overrides) => device.assert(await json('/api/webauthn/reauthenticate/start'), overrides),
      sendsReauthentication: (answer: unknown) => send('/api/webauthn/reauthenticate', answer),
      /** The whole ceremony of proving oneself again. */
      async reauthenticate(overrides?: Overrides) {
        return this.sendsReauthentication(await this.answersReauthentication(overrides));
      },
    };
  };

  return {
    id,
    username: init.username,
    device,
    addPasskey,
    ...inBrowser(),
    /** Another browser of the same person, with the same device. */
    otherBrowser: () => inBrowser(),
  };
}
export type Person = Awaited<ReturnType<typeof person>>;
