import { OpenAPIHono } from '@hono/zod-openapi';
import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import { createDecider } from '#access/from-facts.ts';
import { type Credentials, createGuard } from '#access/guard.ts';
import { apiKeyRoutes } from './api-keys/routes.ts';
import { createApiKeys } from './api-keys/service.ts';
import { createApiGrants } from './apis/grants.ts';
import { apiRoutes } from './apis/routes.ts';
import { createApis } from './apis/service.ts';
import { deviceOf } from './audit/device.ts';
import { createGeoliteUpdate } from './audit/geolite.ts';
import { createAuditLists } from './audit/lists.ts';
import { createLocate } from './audit/locate.ts';
import { createPlaces } from './audit/places.ts';
import { createRefusedCalls } from './audit/refused-calls.ts';
import { auditRoutes } from './audit/routes.ts';
import { createAudit } from './audit/service.ts';
import { createClientDocuments } from './clients/documents.ts';
import { createPreview } from './clients/preview.ts';
import { clientRoutes } from './clients/routes.ts';
import { createClientSecrets } from './clients/secrets.ts';
import { createClients } from './clients/service.ts';
import { consentRoutes } from './consents/routes.ts';
import { createConsents } from './consents/service.ts';
import { mergeClaims } from './custom-claims/merge.ts';
import { customClaimRoutes } from './custom-claims/routes.ts';
import { createCustomClaims } from './custom-claims/service.ts';
import { deviceLoginRoutes } from './device-login/routes.ts';
import { createDeviceLogin } from './device-login/service.ts';
import { createWaits } from './device-login/waits.ts';
import { createClientAssertions } from './grants/assertions.ts';
import { deviceRoutes } from './grants/device-routes.ts';
import { createDevices } from './grants/device-service.ts';
import { createLedger } from './grants/facts.ts';
import { createPushedRequests } from './grants/pushed-requests.ts';
import { pushedRoutes } from './grants/pushed-routes.ts';
import { grantRoutes } from './grants/routes.ts';
import { createGrants, createValues } from './grants/service.ts';
import { groupRoutes } from './groups/routes.ts';
import { createGroups } from './groups/service.ts';
import { defaultImages } from './images/defaults.ts';
import { createPortraits } from './images/portraits.ts';
import { imageRoutes } from './images/routes.ts';
import { createImages } from './images/service.ts';
import { scimRoutes } from './integrations/scim/routes.ts';
import { createScimProviders } from './integrations/scim/service.ts';
import { oneTimeCodeRoutes } from './one-time-codes/routes.ts';
import { createOneTimeCodes } from './one-time-codes/service.ts';
import { openApiRoutes } from './openapi/routes.ts';
import { createJudges } from './passkeys/judges.ts';
import { createPasskeyList } from './passkeys/manage.ts';
import { passkeyRoutes } from './passkeys/routes.ts';
import { createPasskeys } from './passkeys/service.ts';
import type { Clock } from './platform/clock.ts';
import { type Config, SETTINGS } from './platform/config.ts';
import { recogniseInstallation } from './platform/db/installation.ts';
import type { Database } from './platform/db/open.ts';
import { sharedBuckets } from './platform/db/shared-buckets.ts';
import type { Tables } from './platform/db/tables.ts';
import { AppError } from './platform/errors.ts';
import { guessLimit } from './platform/guess-limit.ts';
import type { Ctx, Env } from './platform/http/context.ts';
import { protocolEndpoints } from './platform/http/endpoints.ts';
import { restError, validationFailed } from './platform/http/errors.ts';
import { frontDoor } from './platform/http/front-door.ts';
import { createPublicFetch, type PublicFetch } from './platform/http/public-fetch.ts';
import { createRateLimits } from './platform/http/rate-limits.ts';
import { unmatched } from './platform/http/unmatched.ts';
import type { Log } from './platform/log.ts';
import { type Pause, pause as reallyPause } from './platform/pause.ts';
import type { Random } from './platform/random.ts';
import { createSeal, keyedHash } from './platform/seal.ts';
import type { Sweep } from './platform/sweep.ts';
import { VERSION } from './platform/version.ts';
import { RATE_LIMITS, type RateLimit, ROUTES } from './routes.ts';
import { cookies as cookiesOf } from './sessions/cookies.ts';
import { sessionRoutes } from './sessions/routes.ts';
import { createSessions } from './sessions/service.ts';
import { settingRoutes } from './settings/routes.ts';
import { createSettings } from './settings/service.ts';
import { createAuthorizations } from './sign-in/authorizations.ts';
import { createDescriptions } from './sign-in/describe.ts';
import { createFlow } from './sign-in/flow.ts';
import { interactionApi } from './sign-in/interaction-api.ts';
import { createInteractions } from './sign-in/interactions.ts';
import { homeOf } from './sign-in/page-routes/destination.ts';
import { pageRoutes } from './sign-in/page-routes/routes.ts';
import { loadAssets } from './sign-in/pages/assets.ts';
import { LANGUAGES } from './sign-in/pages/messages.ts';
import { createPages, wantsPage } from './sign-in/pages/pages.ts';
import { createRenderer } from './sign-in/pages/respond.ts';
import { siteOf } from './sign-in/pages/site.ts';
import { createRefusals } from './sign-in/refusals.ts';
import { authorizeRoutes } from './sign-in/routes.ts';
import { createSignOut } from './sign-in/sign-out.ts';
import type { NewUser } from './sign-up/people.ts';
import { signUpRoutes } from './sign-up/routes.ts';
import { createSignUp } from './sign-up/service.ts';
import { createSetUp } from './sign-up/set-up.ts';
import { signingKeyRoutes } from './signing-keys/routes.ts';
import { createSigningKeys, type GenerateKey } from './signing-keys/service.ts';
import { userRoutes } from './users/routes.ts';
import { createUsers } from './users/service.ts';
import { versionRoutes } from './version/routes.ts';

export interface Deps {
  config: Config;
  database: Database;
  clock: Clock;
  random: Random;
  log: Log;
  /** Tests bring keys of their own instead of searching for primes. */
  generateKey?: GenerateKey;
  /** How addresses that came from outside are fetched; tests reach servers of their own. */
  fetchPublic?: PublicFetch;
  /** How time is let pass while a request waits; tests do not wait. */
  pause?: Pause;
}

/** Puts config → platform → features → one handler together; the only file that knows everything. */
export async function createApp({
  config,
  database,
  clock,
  random,
  log,
  generateKey,
  fetchPublic = createPublicFetch(),
  pause = reallyPause,
}: Deps) {
  const { db } = database;
  const seal = createSeal(config.encryptionKey);
  await recogniseInstallation(db, { seal, appUrl: config.appUrl, random, log });
  const geolite = { file: config.geoliteDbPath, url: config.geoliteDbUrl, licenseKey: config.maxmindLicenseKey };
  const updatePlaces = createGeoliteUpdate({ ...geolite, clock, log });
  const isExpected = config.geoliteDbPath !== SETTINGS.geoliteDbPath.default && !updatePlaces;
  const places = createPlaces({ file: config.geoliteDbPath, isExpected, update: updatePlaces, log });
  const locate = createLocate(places.locate, config.localIpv6Ranges);
  const audit = createAudit({ clock, random, locate });
  const auditLists = createAuditLists({ db, clock, retentionDays: config.auditLogRetentionDays });
  const cookies = cookiesOf(config);
  const grants = createGrants({ db, random });
  const variable = config.uiConfigDisabled ? (config.variable ?? (() => undefined)) : undefined;
  const settings = await createSettings({ db, clock, seal, audit, log, variable });
  const idleSeconds = () => settings.get('sessionDuration') * 60;
  const sessions = createSessions({
    db,
    clock,
    random,
    audit,
    limits: { idleSeconds, absoluteSeconds: 30 * 24 * 60 * 60 },
    neighbours: {
      revokeGrantsOfSession: (tx, sessionId, options) => grants.revokeOfSession(tx, sessionId, clock.now(), options),
      hold: (tx, actor, id) => users.hold(tx, actor, id),
    },
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
      ldapEnabled: () => settings.get('ldapEnabled'),
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
      logosOf: (ids) => images.logosOf(ids),
      fetchLogo: (url) => images.fetchLogo(url),
      storeLogo: (tx, id, variant, logo) => images.storeLogo(tx, id, variant, logo),
    },
  });
  const clientSecrets = createClientSecrets({ db, clock, random, audit, hold: clients.hold });
  const images = createImages({
    db,
    clock,
    audit,
    fetchPublic,
    defaults: defaultImages(),
    owners: { holdUser: (tx, actor, id) => users.holdOwnOr(tx, actor, id), holdClient: clients.hold, nameOf: (id) => users.nameOf(id) },
  });
  const portraits = createPortraits(db);
  const apis = createApis({ db, clock, random, audit, issuer: config.appUrl });
  const apiGrants = createApiGrants({ db, clock, audit, apis, logosOf: images.logosOf });
  const scimProviders = createScimProviders({ db, clock, random, seal, audit, clients });
  const policy = () => ({
    requireEmail: settings.get('requireUserEmail'),
    emailsVerified: settings.get('emailsVerified'),
    allowOwnAccountEdit: settings.get('allowOwnAccountEdit'),
    ldapEnabled: settings.get('ldapEnabled'),
    defaultGroupIds: settings.get('signupDefaultUserGroupIDs'),
    defaultClaims: settings.get('signupDefaultCustomClaims'),
  });
  const users = createUsers({ db, clock, random, audit, groups, claims: customClaims, policy, mergeClaims });

  const signingKeys = await createSigningKeys({ db, clock, seal, log, audit, generate: generateKey });
  const documents = createClientDocuments({
    db,
    clock,
    log,
    fetchPublic,
    uriPolicy: { allowInsecure: config.allowInsecureCallbackUrls },
    audit,
    logos: { fetchLogo: images.fetchLogo, replaceLogo: images.replaceLogo },
    allowlist: () => settings.get('cimdUrlAllowlist'),
    dropConsents: (tx, clientId) => consents.dropOfClient(tx, clientId),
  });
  const ledger = createLedger({ db, kind: database.kind, merge: mergeClaims, documents });
  const decide = createDecider(idleSeconds);
  const consents = createConsents({
    db,
    clock,
    audit,
    neighbours: {
      logosOf: (ids) => images.logosOf(ids),
      revokeGrants: (tx, userId, clientId) => grants.revokeOfUserAndClient(tx, userId, clientId, clock.now()),
    },
  });
  const devices = createDevices({
    db,
    clock,
    random,
    log,
    ledger,
    decide,
    consents,
    audit,
    hashUserCode: keyedHash(seal, 'device-user-code'),
    takeReauthentication: (tx, proof, session) => passkeys.takeReauthentication(tx, proof, session),
    guesses: guessLimit({ guesses: 10, seconds: 3600, now: clock.now }),
  });
  const waits = createWaits({ pause });
  const deviceLogin = createDeviceLogin({
    waits,
    db,
    clock,
    random,
    audit,
    neighbours: {
      start: sessions.start,
      takeReauthentication: (tx, proof, session) => passkeys.takeReauthentication(tx, proof, session),
      locate,
      describeDevice: deviceOf,
    },
    codes: { hash: keyedHash(seal, 'device-login-code'), guesses: guessLimit({ guesses: 10, seconds: 3600, now: clock.now }) },
  });
  const assertions = createClientAssertions({ db, clock, fetchPublic });
  const pushed = createPushedRequests({ db, random });
  const engine = {
    issuer: config.appUrl,
    ledger,
    grants,
    devices,
    assertions,
    documents,
    keys: signingKeys,
    values: createValues({ random, seal }),
    decide,
  };
  const preview = createPreview({
    issuer: config.appUrl,
    clock,
    values: engine.values,
    client: async (clientId) => (await ledger.read({ clientId })).client,
    person: users.person,
  });

  const passkeys = createPasskeys({
    db,
    clock,
    random,
    audit,
    sessions,
    webauthn: {
      ...createJudges(config.appUrl),
      rpName: async () => settings.get('appName'),
      policy: async () => ({
        userVerification: settings.get('webauthnUserVerification'),
        allowSynced: settings.get('webauthnAllowSyncedPasskeys'),
        attachment: settings.get('webauthnAuthenticatorAttachment'),
      }),
    },
    onPasskeyAdded: (tx, userId) => oneTimeCodes.endAllOf(tx, userId),
  });
  const passkeyList = createPasskeyList({ db, audit, hold: users.hold });
  const oneTimeCodes = createOneTimeCodes({
    db,
    clock,
    random,
    audit,
    hash: keyedHash(seal, 'one-time-code'),
    people: { hold: users.hold, start: sessions.start },
  });
  const addUser = (tx: Transaction<Tables>, user: NewUser, defaults: ReturnType<typeof policy>) => users.add(tx, user, { defaults });
  const setUp = createSetUp({
    db,
    clock,
    random,
    audit,
    appUrl: config.appUrl,
    people: { defaults: async () => policy(), add: addUser, start: sessions.start },
  });
  await setUp.prepare();
  const signUps = createSignUp({
    db,
    clock,
    random,
    seal,
    audit,
    groups,
    people: { defaults: policy, add: addUser, start: sessions.start },
    isOpen: () => settings.get('allowUserSignups') === 'open',
  });

  const frontEngine = {
    issuer: config.appUrl,
    ledger,
    keys: signingKeys,
    decide,
    documents,
    policy: { allowInsecure: config.allowInsecureCallbackUrls },
  };
  const refusals = createRefusals({ db, log, audit });
  const interactions = createInteractions({ db, clock, random });
  const flow = createFlow({
    db,
    clock,
    engine: frontEngine,
    interactions,
    pushed,
    authorizations: createAuthorizations({
      db,
      clock,
      random,
      writers: {
        openCode: grants.openCode,
        recordConsent: consents.record,
        touchConsent: consents.touch,
        touchSession: sessions.touch,
        audit: audit.record,
      },
    }),
    refusals,
    descriptions: createDescriptions({ db, logosOf: images.logosOf, pictureOf: portraits.addressOf }),
    takeReauthentication: (value, session) => passkeys.takeReauthentication(db, value, session),
  });
  const signOut = createSignOut({
    clock,
    engine: frontEngine,
    refusals,
    endSession: sessions.end,
    revokeGrants: (sessionId, clientId) => grants.revokeOfSessionAndClient(db, sessionId, clientId, clock.now()),
  });
  const assets = loadAssets();
  const appearance = async () =>
    siteOf({
      name: settings.get('appName'),
      accent: settings.get('accentColor'),
      still: settings.get('disableAnimations'),
      images: await images.chosen(),
    });
  const renderer = createRenderer({ appUrl: config.appUrl, random, assets, site: appearance });
  const pages = createPages({ renderer });

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
    auditLists,
    apis,
    apiGrants,
    images,
    seal,
    sessions,
    grants,
    engine,
    apiKeys,
    signingKeys,
    passkeys,
    passkeyList,
    oneTimeCodes,
    setUp,
    signUps,
    deviceLogin,
    users,
    groups,
    customClaims,
    clients,
    clientSecrets,
    settings,
    flow,
    interactions,
    pushed,
    consents,
  };

  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw validationFailed(result.error.issues);
    },
  });
  const { api: _, ...perPerson } = RATE_LIMITS;
  const rates = createRateLimits({
    buckets: RATE_LIMITS,
    clock: () => clock.now() * 1000,
    // The general one protects a process, so each counts for itself; the others protect people.
    shared: database.kind === 'postgres' ? { names: Object.keys(perPerson) as RateLimit[], store: sharedBuckets(db) } : undefined,
  });
  const takeFrom = config.disableRateLimiting ? undefined : (bucket: string, ip: string) => rates.take(bucket as RateLimit, ip);
  /** Everything but pages counts in one bucket; the server asks before anything else is done. */
  const admit = config.disableRateLimiting
    ? undefined
    : (path: string, ip: string) => (/^\/(?:api|authorize|\.well-known)(?:\/|$)/.test(path) ? rates.takeHere('api', ip) : undefined);
  const guard = createGuard({ credentials, sessionCookie: cookies.session.read, onRefusal: createRefusedCalls({ db, clock, audit, log }) });
  const door = frontDoor({
    rows: ROUTES,
    appUrl: config.appUrl,
    internalAppUrl: config.internalAppUrl,
    guard,
    takeFrom,
    newRequestId: random.uuid,
  });
  app.use(door.name);
  const before = async (ip: string) => {
    // The first visitor from outside waits until places are known, here, where nothing is held yet.
    if (!places.isSettled()) {
      locate(ip);
      await places.pending();
    }
    await settings.refresh();
  };
  app.use(async (c, next) => {
    await before(c.var.ip);
    await next();
  });
  app.use(door.check);

  app.get('/healthz', (c) => c.body(null, 204));
  app.get('/readyz', async (c) => {
    await sql`select 1`.execute(db);
    return c.body(null, 204);
  });
  // Features register their routes here, each in one line.
  userRoutes(app, { users });
  groupRoutes(app, { groups, users });
  apiKeyRoutes(app, { apiKeys });
  clientRoutes(app, { clients, secrets: clientSecrets, preview, documents });
  scimRoutes(app, { scimProviders });
  versionRoutes(app, { version: VERSION });
  apiRoutes(app, { apis, apiGrants });
  imageRoutes(app, { images });
  auditRoutes(app, { auditLists });
  settingRoutes(app, { settings });
  customClaimRoutes(app, { customClaims });
  sessionRoutes(app, { sessions, cookies });
  oneTimeCodeRoutes(app, { oneTimeCodes, cookies, showUser: users.me });
  deviceLoginRoutes(app, { deviceLogin, cookies, showUser: users.me, appUrl: config.appUrl });
  signUpRoutes(app, { setUp, signUps, cookies, showUser: users.me });
  passkeyRoutes(app, { passkeys, passkeyList, cookies, showUser: users.me, endSession: sessions.end, log });
  const endpoints = protocolEndpoints({ app, rows: ROUTES, before, log });
  grantRoutes(endpoints, { engine, clock, db, log, audit });
  pushedRoutes(endpoints, { engine: { ...engine, policy: frontEngine.policy, pushed }, clock, db, log, audit });
  deviceRoutes(app, { endpoints, engine, devices, clock, cookies, metaOf: clients.meta, db, log, audit });
  signingKeyRoutes(app, { signingKeys });
  consentRoutes(app, { consents });
  authorizeRoutes(app, {
    flow,
    signOut,
    refusals,
    pages,
    cookies,
    metadata: {
      issuer: config.appUrl,
      internalUrl: config.internalAppUrl,
      algs: signingKeys.algs,
      uiLocales: LANGUAGES,
      clientDocuments: documents.isOn,
    },
  });
  interactionApi(app, { flow, cookies, clientMeta: clients.meta });
  const ownAccounts = { ...signUps, mode: () => settings.get('allowUserSignups'), requiresEmail: () => settings.get('requireUserEmail') };
  const site = { appUrl: config.appUrl, home: () => homeOf(settings.get('homePageUrl')), assets, renderer, cookies, clock, log };
  pageRoutes(app, {
    ...site,
    flow,
    passkeys,
    passkeyList,
    sessions,
    consents,
    oneTimeCodes,
    setUp,
    signUps: ownAccounts,
    devices,
    deviceLogin,
    places: { locate, needsCredit: places.needsCredit },
    people: { find: users.me },
    images: { logosOf: images.logosOf, pictureOf: portraits.addressOf },
  });

  const failure = (cause: unknown, c: Ctx) => {
    const answer = restError(cause, c, log);
    return wantsPage(c) ? pages.mishap(c, cause, answer.status) : answer;
  };
  openApiRoutes(app, { rows: ROUTES, version: VERSION, appUrl: config.appUrl });

  app.notFound(unmatched({ rows: ROUTES, page: (c) => failure(new AppError('not_found'), c) }));
  app.onError(failure);

  /** What is over and only takes space. */
  const sweeps: Record<string, Sweep> = {
    interactions: (limit) => interactions.sweep(clock.now(), limit),
    grants: (limit) => grants.sweep(clock.now(), limit),
    'pushed requests': (limit) => pushed.sweep(clock.now(), limit),
    devices: (limit) => devices.sweep(clock.now(), limit),
    'device sign-ins': deviceLogin.sweep,
    assertions: (limit) => assertions.sweep(clock.now(), limit),
    ceremonies: passkeys.sweep,
    sessions: sessions.sweep,
    'one-time codes': oneTimeCodes.sweep,
    'client documents': documents.sweep,
    'audit log': auditLists.removeOld,
    places: async () => {
      void places.refresh();
      return 0;
    },
  };
  return {
    fetch: app.fetch,
    request: app.request,
    endpoints,
    app,
    sweeps,
    admit,
    services,
    stopWaiting: waits.stop,
    close: () => database.close(),
  };
}
export type App = Awaited<ReturnType<typeof createApp>>;
