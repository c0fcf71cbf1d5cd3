import { OpenAPIHono } from '@hono/zod-openapi';
import { createDecider } from '#access/from-facts.ts';
import { type Credentials, createGuard } from '#access/guard.ts';
import { apiKeyRoutes } from './api-keys/routes.ts';
import { createApiKeys } from './api-keys/service.ts';
import { createAudit } from './audit/service.ts';
import { clientRoutes } from './clients/routes.ts';
import { createClientSecrets } from './clients/secrets.ts';
import { createClients } from './clients/service.ts';
import { mergeClaims } from './custom-claims/merge.ts';
import { customClaimRoutes } from './custom-claims/routes.ts';
import { createCustomClaims } from './custom-claims/service.ts';
import { createLedger } from './grants/facts.ts';
import { grantRoutes } from './grants/routes.ts';
import { createGrants, createValues } from './grants/service.ts';
import { groupRoutes } from './groups/routes.ts';
import { createGroups } from './groups/service.ts';
import { createJudges } from './passkeys/judges.ts';
import { createPasskeyList } from './passkeys/manage.ts';
import { passkeyRoutes } from './passkeys/routes.ts';
import { createPasskeys } from './passkeys/service.ts';
import type { Clock } from './platform/clock.ts';
import type { Config } from './platform/config.ts';
import type { Database } from './platform/db/open.ts';
import { AppError } from './platform/errors.ts';
import type { Env } from './platform/http/context.ts';
import { restError, validationFailed } from './platform/http/errors.ts';
import type { Log } from './platform/log.ts';
import type { Random } from './platform/random.ts';
import { createSeal } from './platform/seal.ts';
import { ROUTES, routeOf } from './routes.ts';
import { cookies as cookiesOf } from './sessions/cookies.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { createSessions } from './sessions/service.ts';
import { signingKeyRoutes } from './signing-keys/routes.ts';
import { createSigningKeys, type GenerateKey } from './signing-keys/service.ts';
import { userRoutes } from './users/routes.ts';
import { createUsers } from './users/service.ts';

export interface Deps {
  config: Config;
  database: Database;
  clock: Clock;
  random: Random;
  log: Log;
  /** Tests bring keys of their own instead of searching for primes. */
  generateKey?: GenerateKey;
}

/** What the server knows of a request that `Request` cannot say. */
export interface Peer {
  address: string;
}

/** Puts config → platform → features → one handler together; the only file that knows everything. */
export async function createApp({ config, database, clock, random, log, generateKey }: Deps) {
  const { db } = database;
  const seal = createSeal(config.encryptionKey);
  const audit = createAudit({ clock, random, locate: () => ({ country: '', city: '' }) });
  const cookies = cookiesOf(config);
  const grants = createGrants({ db, random });
  const idleSeconds = () => 60 * 60;
  const sessions = createSessions({
    db,
    clock,
    random,
    audit,
    limits: { idleSeconds, absoluteSeconds: 30 * 24 * 60 * 60 },
    revokeGrantsOfSession: (tx, sessionId, options) => grants.revokeOfSession(tx, sessionId, clock.now(), options),
  });

  const apiKeys = createApiKeys({ db, clock, random, log, audit, staticKey: config.staticApiKey });
  await apiKeys.prepareStaticUser();

  // People, groups and claims know each other only through what each asks of the others.
  const customClaims = createCustomClaims({
    db,
    random,
    audit,
    owners: { holdUser: (tx, actor, id) => users.hold(tx, actor, id), holdGroup: (tx, actor, id) => groups.hold(tx, actor, id) },
  });
  const groups = createGroups({
    db,
    clock,
    random,
    audit,
    neighbours: {
      usersOf: (id) => users.ofGroup(id),
      clientsOf: (id) => clients.metaOfGroup(id),
      claimsOf: customClaims.ofGroups,
      allowClients: (tx, actor, group, ids) => clients.allowForGroup(tx, actor, group, ids),
      ldapEnabled: async () => false,
    },
  });
  const clients = createClients({
    db,
    clock,
    random,
    audit,
    uriPolicy: { allowInsecure: config.allowInsecureCallbackUrls },
    neighbours: {
      groupsOf: groups.minimalOfClient,
      existingGroups: groups.existing,
      logosOf: async () => new Map(),
      fetchLogo: async () => {
        throw new AppError('logo_download_failed');
      },
      storeLogo: async () => {},
    },
  });
  const clientSecrets = createClientSecrets({ db, clock, random, audit, hold: clients.hold });
  const policy = async () => ({
    requireEmail: true,
    emailsVerified: false,
    allowOwnAccountEdit: true,
    ldapEnabled: false,
    defaultGroupIds: [],
    defaultClaims: [],
  });
  const users = createUsers({ db, clock, random, audit, groups, claims: customClaims, policy });

  const signingKeys = await createSigningKeys({ db, clock, seal, log, generate: generateKey });
  const ledger = createLedger({ db, kind: database.kind, merge: mergeClaims });
  const decide = createDecider(idleSeconds);
  const engine = { issuer: config.appUrl, ledger, grants, keys: signingKeys, values: createValues({ random, seal }), decide };

  const passkeys = createPasskeys({
    db,
    clock,
    random,
    audit,
    sessions,
    webauthn: {
      ...createJudges(config.appUrl),
      rpName: async () => 'Pocket ID',
      policy: async () => ({ userVerification: 'required', allowSynced: true, attachment: 'any' }),
    },
    onPasskeyAdded: async () => {},
  });
  const passkeyList = createPasskeyList({ db, audit });

  const credentials: Credentials = {
    session: async (value) => {
      const found = await sessions.find(value);
      if (!found) return undefined;
      const { session, user } = found;
      return {
        via: 'session',
        userId: user.id,
        username: user.username,
        role: user.role,
        session: { id: session.id, authTime: session.authTime, amr: session.amr },
      };
    },
    apiKey: apiKeys.find,
  };
  const services = {
    audit,
    seal,
    sessions,
    grants,
    engine,
    apiKeys,
    signingKeys,
    passkeys,
    passkeyList,
    users,
    groups,
    customClaims,
    clients,
    clientSecrets,
  };

  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw validationFailed(result.error.issues);
    },
  });
  app.use(async (c, next) => {
    const requestId = random.uuid();
    c.set('requestId', requestId);
    c.set('ip', ((c.env as { peer?: Peer } | undefined)?.peer?.address ?? '127.0.0.1').replace(/^::ffff:/, ''));
    c.set('userAgent', c.req.header('user-agent') ?? '');
    c.header('X-Request-ID', requestId);
    await next();
  });
  const guard = createGuard({ credentials, sessionCookie: cookies.session.read });
  const guards = new Map(ROUTES.map((row) => [row, guard(row)]));
  app.use((c, next) => {
    const row = routeOf(c.req.method, c.req.path);
    return row ? guards.get(row)!(c, next) : next();
  });

  app.get('/healthz', (c) => c.body(null, 204));
  // Features register their routes here, each in one line.
  userRoutes(app, { users });
  groupRoutes(app, { groups, users });
  apiKeyRoutes(app, { apiKeys });
  clientRoutes(app, { clients, secrets: clientSecrets });
  customClaimRoutes(app, { customClaims });
  sessionRoutes(app, { sessions, cookies });
  passkeyRoutes(app, { passkeys, passkeyList, cookies, showUser: users.me, endSession: sessions.end, log });
  grantRoutes(app, { engine, clock, db, log, audit });
  signingKeyRoutes(app, { signingKeys });

  app.notFound((c) => restError(new AppError('not_found', { message: 'API endpoint not found' }), c, log));
  app.onError((cause, c) => restError(cause, c, log));

  return { fetch: app.fetch, request: app.request, app, services, close: () => database.close() };
}
export type App = Awaited<ReturnType<typeof createApp>>;
