import { createApiKeys } from '../api-keys/service.ts';
import { createApiGrants } from '../apis/grants.ts';
import { createApis } from '../apis/service.ts';
import { createClientSecrets } from '../clients/secrets.ts';
import { createClients } from '../clients/service.ts';
import { mergeClaims } from '../custom-claims/merge.ts';
import { createCustomClaims } from '../custom-claims/service.ts';
import { createGrants } from '../grants/service.ts';
import { createGroups } from '../groups/service.ts';
import { defaultImages } from '../images/defaults.ts';
import { createPortraits } from '../images/portraits.ts';
import { createImages } from '../images/service.ts';
import { createMail } from '../integrations/mail/service.ts';
import { createScimProviders } from '../integrations/scim/service.ts';
import { createSessions } from '../sessions/service.ts';
import { createUsers } from '../users/service.ts';
import type { Foundation } from './foundation.ts';

/**
 * Who and what there is: people, groups, applications, APIs, their pictures, claims, sessions and grants. They know each other only through what
 * each asks of the others, so many of them are handed over before they are made.
 */
export async function createDirectory(foundation: Foundation) {
  const { config, db, clock, random, log, fetchPublic, seal, audit, settings, idleSeconds, uriPolicy } = foundation;
  const grants = createGrants({ db, random });
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
    uriPolicy,
    neighbours: {
      groupsOf: groups.minimalOfClient,
      existingGroups: groups.existing,
      logosOf: (ids) => images.logosOf(ids),
      fetchLogo: (...of) => images.fetchLogo(...of),
      storeLogo: (...of) => images.storeLogo(...of),
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
  /** What the settings say of new and changed users. */
  const userPolicy = () => ({
    requireEmail: settings.get('requireUserEmail'),
    emailsVerified: settings.get('emailsVerified'),
    allowOwnAccountEdit: settings.get('allowOwnAccountEdit'),
    ldapEnabled: settings.get('ldapEnabled'),
    defaultGroupIds: settings.get('signupDefaultUserGroupIDs'),
    defaultClaims: settings.get('signupDefaultCustomClaims'),
  });
  const users = createUsers({ db, clock, random, audit, groups, claims: customClaims, policy: userPolicy, mergeClaims });
  const mail = createMail({
    people: {
      addressFor: users.addressFor,
      ownAddress: async (id) => (await users.me(id)).email,
    },
    policy: () => ({
      isConfigured: settings.get('smtpHost') !== '',
      codesByAdministrators: settings.get('emailOneTimeAccessAsAdminEnabled'),
      codesForVisitors: settings.get('emailOneTimeAccessAsUnauthenticatedEnabled'),
    }),
  });
  return {
    grants,
    sessions,
    apiKeys,
    customClaims,
    groups,
    clients,
    clientSecrets,
    images,
    portraits,
    apis,
    apiGrants,
    scimProviders,
    mail,
    userPolicy,
    users,
  };
}
export type Directory = Awaited<ReturnType<typeof createDirectory>>;
