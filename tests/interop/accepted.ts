import type { Difference } from './compare.ts';

/** A difference from the original's recorded answers that is meant, and why. */
export interface Accepted {
  reason: string;
  method?: string;
  path: RegExp;
  kind: Difference['kind'];
  /** The place in the answer, or `status`. */
  place: RegExp;
  /** More that must hold of the difference. */
  when?: (difference: Difference) => boolean;
}

const any = /^/;
const clients = /^\/api\/(?:oidc\/clients|user-groups|scim)/;
const people = /^\/api\/(?:users|user-groups|one-time-access-token)/;
const refusal = /^(?:code|details|request_id)$/;

/** The one table of all accepted differences. The replay fails for a difference that is not here, and for a row that no recording needs. */
export const ACCEPTED: readonly Accepted[] = [
  // Fields that 2.9 did not have.
  { reason: 'errors have a code, details and a request id since 2.14', path: any, kind: 'added', place: refusal },
  {
    reason: 'clients have these fields since 2.14',
    path: clients,
    kind: 'added',
    place:
      /(?:^|\.)(?:description|clientType|skipConsent|accessTokenDurationMinutes|refreshTokenDurationMinutes|secrets|replayProtection)$/,
  },
  {
    reason: 'clients have these fields with us: algorithms, the form of ID tokens, claims mapping',
    path: clients,
    kind: 'added',
    place: /(?:^|\.)(?:idTokenSigningAlg|accessTokenSigningAlg|minimalIdToken|claimsMapping)$/,
  },
  {
    reason: 'lists are always arrays, also an empty one',
    path: clients,
    kind: 'added',
    place: /(?:^|\.)credentials\.federatedIdentities$/,
  },
  { reason: 'users have a role with us', path: people, kind: 'added', place: /(?:^|\.)role$/ },
  {
    reason: 'API keys show their first characters and their scopes with us',
    path: /^\/api\/api-keys$/,
    kind: 'added',
    place: /^apiKey\.(?:prefix|scopes)$/,
  },
  {
    reason: 'the configuration has these keys since 2.13 and 2.14',
    path: /^\/api\/application-configuration/,
    kind: 'added',
    place: /^(?:webauthnUserVerification|webauthnAllowSyncedPasskeys|webauthnAuthenticatorAttachment|cimdUrlAllowlist)$/,
  },

  // Statuses and sentences of 2.14.
  {
    reason: 'a name that is taken is a conflict since 2.14',
    method: 'POST',
    path: any,
    kind: 'changed',
    place: /^status$/,
    when: ({ recorded, ours }) => recorded === 400 && ours === 409,
  },
  {
    reason: 'a directory that is not configured is said to be so since 2.14',
    path: /\/sync-ldap$/,
    kind: 'changed',
    place: /^status$/,
    when: ({ recorded, ours }) => recorded === 500 && ours === 409,
  },
  { reason: 'the sentences of errors are our own', path: any, kind: 'changed', place: /^error$/ },
  { reason: 'it is our version', path: /^\/api\/version\/current$/, kind: 'changed', place: /^currentVersion$/ },
  {
    reason: 'long one-time codes have 12 characters since 2.14',
    path: /\/one-time-access-token$/,
    kind: 'changed',
    place: /^token$/,
    when: ({ recorded, ours }) => String(recorded).length === 16 && String(ours).length === 12,
  },

  // Where the original's answer is not true.
  {
    reason: 'groups inside users and clients tell their true number of members',
    path: any,
    kind: 'changed',
    place: /(?:^|\.)(?:userGroups|allowedUserGroups)\.\d+\.userCount$/,
    when: ({ recorded }) => recorded === 0,
  },
  {
    reason: 'groups inside users and clients tell their true claims',
    path: any,
    kind: 'changed',
    place: /(?:^|\.)(?:userGroups|allowedUserGroups)\.\d+\.customClaims$/,
    when: ({ recorded }) => recorded === 0,
  },
  {
    reason: 'the answer to a change shows the groups and claims that are there',
    method: 'PUT',
    path: /^\/api\/users\/[^/]+$/,
    kind: 'changed',
    place: /^(?:customClaims|userGroups)$/,
    when: ({ recorded }) => recorded === 0,
  },
  {
    reason: 'a SCIM provider names its client',
    path: /scim/,
    kind: 'changed',
    place: /^oidcClient\.(?:id|name)$/,
    when: ({ recorded }) => recorded === '',
  },
  {
    reason: 'a SCIM provider names its client',
    path: /scim/,
    kind: 'type',
    place: /^oidcClient\.launchURL$/,
    when: ({ recorded }) => recorded === null,
  },
  {
    reason: 'the configuration says which keys are public',
    path: /^\/api\/application-configuration/,
    kind: 'changed',
    place: /\.isPublic$/,
    when: ({ recorded }) => recorded === false,
  },
  {
    reason: 'the id of the installation is no setting; clients strip it',
    path: /^\/api\/application-configuration/,
    kind: 'missing',
    place: /^instanceId$/,
  },

  {
    reason: 'the examples were recorded on an installation whose colour had been set before',
    path: /^\/api\/application-configuration\/all$/,
    kind: 'changed',
    place: /^accentColor\.value$/,
    when: ({ recorded, ours }) => recorded === '#abcdef' && ours === 'default',
  },

  // A field that a PUT leaves out keeps its value; the original wipes it, and its later answers show that.
  {
    reason: 'a PUT keeps the fields of a user that it does not name',
    path: /^\/api\/users/,
    kind: 'changed',
    place: /(?:^|\.)(?:emailVerified|firstName|lastName|displayName)$/,
    when: ({ recorded }) => recorded === '' || recorded === false,
  },
  {
    reason: 'a PUT keeps the locale of a user that it does not name',
    path: /^\/api\/users/,
    kind: 'type',
    place: /(?:^|\.)locale$/,
    when: ({ recorded }) => recorded === null,
  },
  {
    reason: 'a PUT keeps the fields of a client that it does not name',
    path: /^\/api\/oidc\/clients/,
    kind: 'changed',
    place: /(?:^|\.)(?:pkceEnabled|isGroupRestricted|allowedUserGroups|allowedUserGroupsCount)$/,
    when: ({ recorded }) => recorded === false || recorded === 0,
  },
];
