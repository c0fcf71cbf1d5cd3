import { createDecider } from '#access/from-facts.ts';
import { createClientDocuments } from '../clients/documents.ts';
import { createPreview } from '../clients/preview.ts';
import { toMeta } from '../clients/view.ts';
import { createConsents } from '../consents/service.ts';
import { mergeClaims } from '../custom-claims/merge.ts';
import { createClientAssertions } from '../grants/assertions.ts';
import { createDevices } from '../grants/device-service.ts';
import { createLedger } from '../grants/facts.ts';
import { createPushedRequests } from '../grants/pushed-requests.ts';
import { createValues } from '../grants/service.ts';
import { guessLimit, TYPED_CODES } from '../platform/guess-limit.ts';
import { keyedHash } from '../platform/seal.ts';
import type { Directory } from './directory.ts';
import type { Foundation } from './foundation.ts';
import type { Proofs } from './proofs.ts';

/** What the protocol engine asks of the world (`oidc/ports.ts`), and the one decision. */
export function createEngine(foundation: Foundation, { grants, images, users }: Directory, { passkeys }: Proofs) {
  const { config, database, db, clock, random, log, fetchPublic, seal, audit, settings, signingKeys, idleSeconds, uriPolicy } = foundation;
  const consents = createConsents({
    db,
    clock,
    audit,
    neighbours: {
      logosOf: images.logosOf,
      toMeta,
      revokeGrants: (tx, userId, clientId) => grants.revokeOfUserAndClient(tx, userId, clientId, clock.now()),
    },
  });
  const documents = createClientDocuments({
    db,
    clock,
    log,
    fetchPublic,
    uriPolicy,
    audit,
    logos: { fetchLogo: images.fetchLogo, replaceLogo: images.replaceLogo },
    allowlist: () => settings.get('cimdUrlAllowlist'),
    dropConsents: consents.dropOfClient,
  });
  const ledger = createLedger({ db, kind: database.kind, merge: mergeClaims, documents });
  const decide = createDecider(idleSeconds);
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
    takeReauthentication: passkeys.takeReauthentication,
    guesses: guessLimit({ ...TYPED_CODES, now: clock.now }),
  });
  const assertions = createClientAssertions({ db, clock, fetchPublic });
  const pushed = createPushedRequests({ db, random });
  const values = createValues({ random, seal });
  const engine = { issuer: config.appUrl, ledger, grants, devices, assertions, documents, keys: signingKeys, values, decide };
  const preview = createPreview({
    issuer: config.appUrl,
    clock,
    values,
    client: async (clientId) => (await ledger.read({ clientId })).client,
    person: users.person,
  });
  return { consents, documents, ledger, decide, devices, assertions, pushed, engine, preview };
}
export type Engine = ReturnType<typeof createEngine>;
