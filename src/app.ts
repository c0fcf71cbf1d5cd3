import { createDirectory } from './composition/directory.ts';
import { createEngine } from './composition/engine.ts';
import { createFoundation, type Deps } from './composition/foundation.ts';
import { createFront } from './composition/front.ts';
import { createProofs } from './composition/proofs.ts';
import { type Parts, registerRoutes } from './composition/register.ts';
import { createSignIn } from './composition/sign-in.ts';
import type { Sweep } from './platform/sweep.ts';

export type { Deps } from './composition/foundation.ts';

/** Puts config → platform → features → one handler together; `composition/` has a file for each step. */
export async function createApp(deps: Deps) {
  const foundation = await createFoundation(deps);
  const directory = await createDirectory(foundation);
  const proofs = await createProofs(foundation, directory);
  const engine = createEngine(foundation, directory, proofs);
  const signIn = createSignIn(foundation, directory, proofs, engine);
  const services = { ...foundation, ...directory, ...proofs, ...engine, ...signIn };
  const front = createFront(foundation, directory);
  const endpoints = registerRoutes(front, services);
  const { app, admit } = front;
  return {
    fetch: app.fetch,
    request: app.request,
    endpoints,
    app,
    sweeps: sweepsOf(services),
    admit,
    services,
    stopWaiting: proofs.waits.stop,
    close: () => deps.database.close(),
  };
}
export type App = Awaited<ReturnType<typeof createApp>>;

/** What is over and only takes space, by what a log line calls it. */
function sweepsOf(parts: Parts): Record<string, Sweep> {
  const { clock, interactions, grants, pushed, devices, deviceLogin, assertions, passkeys, sessions, oneTimeCodes } = parts;
  return {
    interactions: (limit) => interactions.sweep(clock.now(), limit),
    grants: (limit) => grants.sweep(clock.now(), limit),
    'pushed requests': (limit) => pushed.sweep(clock.now(), limit),
    devices: (limit) => devices.sweep(clock.now(), limit),
    'device sign-ins': deviceLogin.sweep,
    assertions: (limit) => assertions.sweep(clock.now(), limit),
    ceremonies: passkeys.sweep,
    sessions: sessions.sweep,
    'one-time codes': oneTimeCodes.sweep,
    'API keys': parts.apiKeys.sweep,
    'client documents': parts.documents.sweep,
    'audit log': parts.auditLists.removeOld,
    places: async () => {
      void parts.places.refresh();
      return 0;
    },
  };
}
