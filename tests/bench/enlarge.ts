/** How large "large" is. */
export const LARGE = { users: 100_000, groups: 10_000, clients: 1000, audit: 1_000_000, grants: 500_000, sessions: 100_000 } as const;

const DAY = 86_400;
/** A number as twelve digits, for ids in the form of UUIDs that sort like their numbers. */
const digits = (expression: string) => `substr(cast(1000000000000 + ${expression} as text), 2)`;
const id = (group: string, expression: string) => `'${group}-0000-7000-8000-' || ${digits(expression)}`;
const person = (expression: string) => id('01900000', expression);
/** Everybody in turn, but not one after the other. */
const anybody = `1 + (cast(i as bigint) * 7919) % ${LARGE.users}`;

/** `insert into … select … from the numbers 1 to count`, the number being `i`: both databases know it in these words. */
const statement = (count: number, insert: string, columns: Record<string, string>) =>
  `with recursive n (i) as (select 1 union all select i + 1 from n where i < ${count})
   insert into ${insert} (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from n`;

const EVENTS = ['SIGN_IN', 'CLIENT_AUTHORIZATION', 'TOKEN_SIGN_IN', 'NEW_CLIENT_AUTHORIZATION', 'PASSKEY_ADDED', 'USER_UPDATED'];
const event = `case i % ${EVENTS.length} ${EVENTS.map((name, i) => `when ${i} then '${name}'`).join(' ')} end`;

const people = (now: number) =>
  statement(LARGE.users, '"user"', {
    id: person('i'),
    username: `'user' || i`,
    username_key: `'user' || i`,
    email: `'user' || i || '@example.org'`,
    email_key: `'user' || i || '@example.org'`,
    email_verified: 'i % 2',
    first_name: `'First' || (i % 1009)`,
    last_name: `'Last' || (i % 7919)`,
    display_name: `'First' || (i % 1009) || ' Last' || (i % 7919)`,
    is_admin: 'case when i % 20000 = 0 then 1 else 0 end',
    disabled: 'case when i % 100 = 0 then 1 else 0 end',
    search_key: `'user' || i || '\nuser' || i || '@example.org\nfirst' || (i % 1009) || '\nlast' || (i % 7919)`,
    created_at: `${now - 400 * DAY} + i * 300`,
    updated_at: `${now - DAY}`,
  });

const groups = (now: number) =>
  statement(LARGE.groups, 'user_group', {
    id: id('01910000', 'i'),
    name: `'group' || i`,
    friendly_name: `'Group ' || i`,
    search_key: `'group' || i || '\ngroup ' || i`,
    created_at: `${now - 400 * DAY} + i`,
    updated_at: `${now - DAY}`,
  });

/** One group that everybody is in, and one other for each. */
const members = () => [
  statement(LARGE.users, 'user_group_member', { user_id: person('i'), group_id: id('01910000', '1') }),
  statement(LARGE.users, 'user_group_member', { user_id: person('i'), group_id: id('01910000', `2 + i % ${LARGE.groups - 1}`) }),
  'update user_group set member_count = (select count(*) from user_group_member where group_id = user_group.id)',
];

const clients = (now: number) =>
  statement(LARGE.clients, 'client', {
    id: id('01920000', 'i'),
    name: `'Application ' || i`,
    callback_urls: `'["https://app' || i || '.example.com/callback"]'`,
    logout_callback_urls: `'[]'`,
    is_public: 'i % 2',
    pkce_enabled: '1',
    requires_reauthentication: '0',
    requires_par: '0',
    skip_consent: '0',
    is_group_restricted: '0',
    access_token_minutes: '60',
    refresh_token_minutes: '43200',
    search_key: `'application ' || i`,
    created_at: `${now - 400 * DAY} + i`,
    updated_at: `${now - DAY}`,
  });

const audit = (now: number) =>
  statement(LARGE.audit, 'audit_log', {
    id: id('01930000', 'i'),
    created_at: `${now - 80 * DAY} + i * 6`,
    event,
    user_id: person(anybody),
    username: `'user' || (${anybody})`,
    client_name: `case when i % 3 = 0 then null else 'Application ' || (1 + i % ${LARGE.clients}) end`,
    ip: `'192.0.2.' || (i % 255)`,
    country: `case when i % 4 = 0 then 'Internal Network' else 'Germany' end`,
    city: `'Berlin'`,
    user_agent: `'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'`,
    request_id: id('01940000', 'i'),
    data: `'{"clientName":"Application"}'`,
  });

/** In the order in which they were made, as the program stores them. */
const stampedKey = `'00m' || substr(cast(10000000 + i as text), 2) || '-filler-of-the-length-of-a-hash-0123456789'`;

/** Half of them over, half alive; a million tokens on them, in the order in which they were made. */
const grants = (now: number) =>
  statement(LARGE.grants, 'oauth_grant', {
    id: id('01800000', 'i'),
    client_id: id('01920000', `1 + i % ${LARGE.clients}`),
    user_id: person(`1 + i % ${LARGE.users}`),
    kind: `'authorization_code'`,
    scope: `'openid profile email groups offline_access'`,
    auth_time: `${now - 90 * DAY}`,
    amr: `'["phr"]'`,
    request: `'{"redirectUri":"https://app.example.com/callback","redirectUriSent":true,"nonce":"a-nonce-of-the-bench"}'`,
    code_hash: stampedKey,
    code_expires_at: `${now - 80 * DAY}`,
    code_used_at: `${now - 80 * DAY}`,
    created_at: `${now - 80 * DAY}`,
    expires_at: `case when i % 2 = 0 then ${now - DAY} else ${now + 90 * DAY} end`,
  });
const tokens = (now: number, kind: 'access' | 'refresh', place: number) =>
  statement(LARGE.grants, 'oauth_token', {
    // Sorts before everything that is made now (`src/grants/token-key.ts`).
    token_hash: `'0s' || substr(cast(10000000 + i * 2 + ${place} as text), 2) || '-filler-of-the-length-of-a-hash-0123456789'`,
    kind: `'${kind}'`,
    grant_id: id('01800000', 'i'),
    jti: id('01950000', 'i'),
    scope: `'openid profile email groups offline_access'`,
    audience: `'["application","http://localhost:1411"]'`,
    issued_at: `${now - 80 * DAY}`,
    expires_at: `case when i % 2 = 0 then ${now - 80 * DAY} + i else ${now + 30 * DAY} + i end`,
  });

const sessions = (now: number) =>
  statement(LARGE.sessions, 'session', {
    id: id('01960000', 'i'),
    session_hash: stampedKey,
    user_id: person('i'),
    auth_time: `${now - 3 * DAY}`,
    amr: `'["phr"]'`,
    created_at: `${now - 3 * DAY}`,
    last_seen_at: `${now - 2 * DAY}`,
    expires_at: `${now + 27 * DAY}`,
    ip: `'192.0.2.1'`,
    user_agent: `'Mozilla/5.0'`,
  });

/** The statements that fill a database with what years of use would leave: LARGE says how much. It has to be empty of these ids. */
export function enlarging(now: number): string[] {
  return [
    people(now),
    groups(now),
    ...members(),
    clients(now),
    audit(now),
    grants(now),
    tokens(now, 'access', 0),
    tokens(now, 'refresh', 1),
    sessions(now),
  ];
}
