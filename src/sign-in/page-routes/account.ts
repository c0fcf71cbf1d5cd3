import type { OpenAPIHono } from '@hono/zod-openapi';
import { AppError } from '#platform/errors.ts';
import { type Ctx, type Env, originOf } from '#platform/http/context.ts';
import { secondsOf } from '#platform/http/contract.ts';
import { CredentialUpdate } from '../../passkeys/contract.ts';
import { accountPage } from '../pages/account.ts';
import type { MessageKey } from '../pages/messages.ts';
import { formOf, type PageDeps, sessionOf, shownPerson } from './deps.ts';

const NOTICES: Record<string, MessageKey> = {
  saved: 'account.saved',
  added: 'account.passkeyAdded',
  removed: 'account.passkeyRemoved',
  ended: 'account.sessionEnded',
  forgotten: 'account.applicationRemoved',
};
const PROBLEMS: Record<string, MessageKey> = {
  name: 'account.error.name',
  gone: 'account.error.gone',
  last: 'account.passkey.last',
};

/** An id as a form names it. None of ours holds a NUL, and PostgreSQL would refuse to look for one. */
const idOf = (sent: unknown): string => {
  const id = String(sent ?? '');
  if (id.includes('\0')) throw new AppError('not_found');
  return id;
};

/** A query may name anything, also what every object has. */
const chosen = (sentences: Record<string, MessageKey>, name = ''): MessageKey | undefined =>
  Object.hasOwn(sentences, name) ? sentences[name] : undefined;

/** Registers the profile: who one is, one's passkeys, the applications that know one, and sessions. */
export function accountPages(app: OpenAPIHono<Env>, deps: PageDeps) {
  const { renderer, clock, passkeyList, consents, sessions } = deps;
  app.get('/account', async (c) => {
    const session = sessionOf(c);
    if (!session) return c.redirect('/login?redirect=%2Faccount');
    const [person, passkeys, applications, all] = await Promise.all([
      shownPerson(deps, session.userId),
      passkeyList.listOf(session.userId),
      consents.authorized(session.userId, { page: 1, limit: 100, search: '', filters: {} }),
      sessions.listOf(session.userId),
    ]);
    return renderer.render(c, (look) =>
      accountPage(look, {
        person: { ...person, groups: person.userGroups.map((group) => group.friendlyName) },
        passkeys: passkeys.map(({ id, name, created_at, last_used_at, backup_state }) => ({
          id,
          name,
          createdAt: created_at,
          lastUsedAt: last_used_at,
          synced: backup_state === 1,
        })),
        applications: applications.data.map(({ scope, client, lastUsedAt }) => ({
          ...client,
          launchUrl: client.launchURL,
          scopes: JSON.parse(scope) as string[],
          lastUsedAt: secondsOf(lastUsedAt),
        })),
        // This one first: among many it is what the others are told apart from.
        sessions: all
          .map((entry) => ({ ...entry, current: entry.id === session.id }))
          .sort((a, b) => Number(b.current) - Number(a.current)),
        now: clock.now(),
        notice: chosen(NOTICES, c.req.query('done')),
        problem: chosen(PROBLEMS, c.req.query('problem')),
      }),
    );
  });

  /** A change by form: back to the profile, with what was done or why not. */
  const change = (path: string, done: string, work: (c: Ctx, userId: string, id: string) => Promise<unknown>) =>
    app.post(path, async (c) => {
      const session = sessionOf(c);
      if (!session) return c.redirect('/login?redirect=%2Faccount', 303);
      try {
        await work(c, session.userId, idOf(c.req.param('id')));
        return c.redirect(`/account?done=${done}`, 303);
      } catch (cause) {
        const code = cause instanceof AppError ? cause.code : undefined;
        const problem =
          code === 'validation_failed' ? 'name' : code === 'last_passkey' ? 'last' : code === 'not_found' ? 'gone' : undefined;
        if (!problem) throw cause;
        return c.redirect(`/account?problem=${problem}`, 303);
      }
    });

  change('/account/passkeys/:id/rename', 'saved', async (c, userId, id) => {
    const { name } = await formOf(c);
    const update = CredentialUpdate.safeParse({ name: String(name ?? '').trim() });
    if (!update.success) throw new AppError('validation_failed');
    await passkeyList.rename(userId, id, update.data.name);
  });
  change('/account/passkeys/:id/remove', 'removed', (c, userId, id) => passkeyList.removeOwn(userId, id, originOf(c)));
  change('/account/applications/remove', 'forgotten', async (c, userId) =>
    consents.revoke(userId, idOf((await formOf(c)).client), originOf(c)),
  );
  change('/account/sessions/:id/end', 'ended', (c, userId, id) => sessions.revoke(userId, id, originOf(c)));
  change('/account/sessions/end-others', 'ended', (c, userId) =>
    sessions.revokeAll(userId, originOf(c), { exceptId: c.var.caller?.session?.id }),
  );
}
