import { sql } from 'kysely';
import { apiKeyRoutes } from '../api-keys/routes.ts';
import { apiRoutes } from '../apis/routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { clientRoutes } from '../clients/routes.ts';
import { consentRoutes } from '../consents/routes.ts';
import { customClaimRoutes } from '../custom-claims/routes.ts';
import { deviceLoginRoutes } from '../device-login/routes.ts';
import { deviceRoutes } from '../grants/device-routes.ts';
import { pushedRoutes } from '../grants/pushed-routes.ts';
import { grantRoutes } from '../grants/routes.ts';
import { groupRoutes } from '../groups/routes.ts';
import { imageRoutes } from '../images/routes.ts';
import { mailRoutes } from '../integrations/mail/routes.ts';
import { scimRoutes } from '../integrations/scim/routes.ts';
import { oneTimeCodeRoutes } from '../one-time-codes/routes.ts';
import { openApiRoutes } from '../openapi/routes.ts';
import { passkeyRoutes } from '../passkeys/routes.ts';
import { DatabaseUnavailable } from '../platform/db/unavailable.ts';
import { AppError } from '../platform/errors.ts';
import type { Ctx } from '../platform/http/context.ts';
import { directEndpoints, type Endpoints } from '../platform/http/endpoints.ts';
import { restError } from '../platform/http/errors.ts';
import { unmatched } from '../platform/http/unmatched.ts';
import { VERSION } from '../platform/version.ts';
import { within } from '../platform/within.ts';
import { ROUTES } from '../routes.ts';
import { sessionRoutes } from '../sessions/routes.ts';
import { settingRoutes } from '../settings/routes.ts';
import { interactionApi } from '../sign-in/interaction-api.ts';
import { homeOf } from '../sign-in/page-routes/destination.ts';
import { pageRoutes } from '../sign-in/page-routes/routes.ts';
import { LANGUAGES } from '../sign-in/pages/messages.ts';
import { wantsPage } from '../sign-in/pages/pages.ts';
import { authorizeRoutes } from '../sign-in/routes.ts';
import { signUpRoutes } from '../sign-up/routes.ts';
import { signingKeyRoutes } from '../signing-keys/routes.ts';
import { userRoutes } from '../users/routes.ts';
import { versionRoutes } from '../version/routes.ts';
import type { Directory } from './directory.ts';
import type { Engine } from './engine.ts';
import type { Foundation } from './foundation.ts';
import type { Front } from './front.ts';
import type { Proofs } from './proofs.ts';
import type { SignIn } from './sign-in.ts';

/** Who asks whether we are ready goes elsewhere when the answer takes long. */
const READY_MS = 1000;

/** Everything that answers, by name. */
export type Parts = Foundation & Directory & Proofs & Engine & SignIn;

/** Registers every feature's routes, each in one line; answers what the server asks for some endpoints directly. */
export function registerRoutes({ app, before, judge }: Front, parts: Parts) {
  app.get('/healthz', (c) => c.body(null, 204));
  app.get('/readyz', async (c) => {
    const answer = await within(READY_MS, sql`select 1`.execute(parts.db));
    if (answer === 'late') throw new DatabaseUnavailable('no answer');
    return c.body(null, 204);
  });
  const endpoints = directEndpoints({ app, rows: ROUTES, before, judge, log: parts.log });
  registerApi(app, endpoints, parts);
  registerProtocol(app, endpoints, parts);
  registerPages(app, parts);
  openApiRoutes(app, { rows: ROUTES, version: VERSION, appUrl: parts.config.appUrl });

  const failure = (cause: unknown, c: Ctx) => {
    const answer = restError(cause, c, parts.log);
    if (!wantsPage(c)) return answer;
    const wait = answer.headers.get('retry-after');
    if (wait !== null) c.header('Retry-After', wait);
    return parts.pages.mishap(c, cause, answer.status);
  };
  app.notFound(unmatched({ rows: ROUTES, page: (c) => failure(new AppError('not_found'), c) }));
  app.onError(failure);
  return endpoints;
}

function registerApi(app: Front['app'], endpoints: Endpoints, parts: Parts) {
  const { config, log, cookies, settings, auditLists, signingKeys } = parts;
  const { users, groups, apiKeys, clients, clientSecrets, scimProviders, mail, apis, apiGrants, images, customClaims, sessions } = parts;
  const { oneTimeCodes, deviceLogin, setUp, signUps, passkeys, passkeyList, documents, consents, preview } = parts;
  userRoutes(app, { users });
  groupRoutes(app, { groups, users });
  apiKeyRoutes(app, { apiKeys });
  clientRoutes(app, { clients, secrets: clientSecrets, preview, documents });
  scimRoutes(app, { scimProviders });
  mailRoutes(app, { mail });
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
  passkeyRoutes(app, { endpoints, passkeys, passkeyList, cookies, showUser: users.me, endSession: sessions.end, log });
  signingKeyRoutes(app, { signingKeys });
  consentRoutes(app, { consents });
}

function registerProtocol(app: Front['app'], endpoints: Endpoints, parts: Parts) {
  const { config, db, clock, log, audit, cookies, clients, engine, devices, pushed, documents, signingKeys, uriPolicy } = parts;
  const { flow, signOut, refusals, pages } = parts;
  grantRoutes(endpoints, { engine, clock, db, log, audit });
  pushedRoutes(endpoints, { engine: { ...engine, policy: uriPolicy, pushed }, clock, db, log, audit });
  deviceRoutes(app, { endpoints, engine, devices, clock, cookies, metaOf: clients.meta, db, log, audit });
  const metadata = {
    issuer: config.appUrl,
    internalUrl: config.internalAppUrl,
    algs: signingKeys.algs,
    uiLocales: LANGUAGES,
    clientDocuments: documents.isOn,
  };
  authorizeRoutes(app, { flow, signOut, refusals, pages, cookies, metadata });
  interactionApi(app, { flow, cookies, clientMeta: clients.meta });
}

function registerPages(app: Front['app'], parts: Parts) {
  const { config, settings, signUps, locate, places, users, images, portraits } = parts;
  pageRoutes(app, {
    ...parts,
    appUrl: config.appUrl,
    home: () => homeOf(settings.get('homePageUrl')),
    signUps: { ...signUps, mode: () => settings.get('allowUserSignups'), requiresEmail: () => settings.get('requireUserEmail') },
    places: { locate, needsCredit: places.needsCredit },
    people: { find: users.me },
    images: { logosOf: images.logosOf, pictureOf: portraits.addressOf },
  });
}
