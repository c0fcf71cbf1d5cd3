import { createAuthorizations } from '../sign-in/authorizations.ts';
import { createDescriptions } from '../sign-in/describe.ts';
import { createFlow } from '../sign-in/flow.ts';
import { createInteractions } from '../sign-in/interactions.ts';
import { loadAssets } from '../sign-in/pages/assets.ts';
import { createPages } from '../sign-in/pages/pages.ts';
import { createRenderer } from '../sign-in/pages/respond.ts';
import { siteOf } from '../sign-in/pages/site.ts';
import { createRefusals } from '../sign-in/refusals.ts';
import { createSignOut } from '../sign-in/sign-out.ts';
import type { Directory } from './directory.ts';
import type { Engine } from './engine.ts';
import type { Foundation } from './foundation.ts';
import type { Proofs } from './proofs.ts';

/** The way in and out, and the pages it is shown on. */
export function createSignIn(foundation: Foundation, directory: Directory, { passkeys }: Proofs, engine: Engine) {
  const { config, db, clock, random, log, audit, signingKeys, uriPolicy } = foundation;
  const { grants, sessions, images, portraits } = directory;
  const { ledger, decide, documents, consents, pushed } = engine;
  const frontEngine = { issuer: config.appUrl, ledger, keys: signingKeys, decide, documents, policy: uriPolicy };
  const refusals = createRefusals({ db, log, audit });
  const interactions = createInteractions({ db, clock, random });
  const writers = {
    openCode: grants.openCode,
    recordConsent: consents.record,
    touchConsent: consents.touch,
    touchSession: sessions.touch,
    audit: audit.record,
  };
  const flow = createFlow({
    db,
    clock,
    engine: frontEngine,
    interactions,
    pushed,
    authorizations: createAuthorizations({ db, clock, random, writers }),
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
  return { flow, signOut, refusals, interactions, ...createPagesOf(foundation, directory) };
}
export type SignIn = ReturnType<typeof createSignIn>;

function createPagesOf({ config, random, settings }: Foundation, { images }: Directory) {
  const assets = loadAssets();
  const site = async () =>
    siteOf({
      name: settings.get('appName'),
      accent: settings.get('accentColor'),
      still: settings.get('disableAnimations'),
      images: await images.chosen(),
    });
  const renderer = createRenderer({ appUrl: config.appUrl, random, assets, site });
  return { assets, renderer, pages: createPages({ renderer }) };
}
