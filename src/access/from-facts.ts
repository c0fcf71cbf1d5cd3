import { consentKeys } from '#oidc/consent-keys.ts';
import type { Facts, Grant } from '#oidc/ports.ts';
import { type Decision, decide } from './decide.ts';

const keysOf = ({ scopes, resource, request }: Grant) => consentKeys({ scopes, resource, claims: request.claims });

/**
 * Asks the decision with the engine's facts. `ask` says which parts the question has: a part that is asked about and was not found refuses.
 * `idleSeconds` is how long a session lives without use.
 */
export const createDecider =
  (idleSeconds: () => number) =>
  (facts: Facts, now: number, ask: { grant: boolean; session: boolean; person: boolean; consent: boolean }): Decision => {
    const { client, person, session, grant } = facts;
    return decide({
      now,
      client: client && {
        id: client.id,
        groupRestricted: client.groupRestricted,
        allowedGroupIds: client.allowedGroupIds,
        skipConsent: client.skipConsent,
      },
      person: ask.person ? person && { id: person.id, disabled: person.disabled, groupIds: person.groups.map((group) => group.id) } : null,
      session: ask.session ? session && { ...session, idleSeconds: idleSeconds() } : null,
      grant: ask.grant
        ? grant && { clientId: grant.clientId, userId: grant.userId, revoked: grant.revokedAt !== null, scopes: keysOf(grant) }
        : null,
      consented: ask.consent ? facts.consented : null,
    });
  };
