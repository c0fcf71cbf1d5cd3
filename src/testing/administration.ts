import type { KeyScope } from '#access/caller.ts';
import { type Person, person } from './people.ts';
import type { World } from './world.ts';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
  body: any;
}
export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

const answered = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: json && text ? JSON.parse(text) : text || undefined };
};

/** Calls of the REST API with somebody's browser session. */
export const withSession = async (who: Person): Promise<Call> => {
  await who.signIn();
  return async (method, path, body) => answered(await who.request(path, { method, ...(body === undefined ? {} : { json: body }) }));
};

/** Calls with an API key's value. */
export const withKey =
  ({ request }: Pick<World, 'request'>, key: string): Call =>
  async (method, path, body) =>
    answered(
      await request(path, {
        method,
        headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    );

/** A key of a person's own; `expiresAt` in seconds. */
export async function keyOf(
  world: World,
  who: Pick<Person, 'id' | 'username'>,
  init: { scopes?: KeyScope[]; expiresAt?: number } = {},
): Promise<string> {
  const actor = {
    id: who.id,
    username: who.username,
    role: 'user' as const,
    origin: { requestId: 'test', ip: '127.0.0.1', userAgent: 'test' },
  };
  const scopes = init.scopes as Parameters<typeof world.app.services.apiKeys.create>[1]['scopes'];
  return (await world.app.services.apiKeys.create(actor, { name: 'key', scopes, expiresAt: init.expiresAt })).token;
}

/** A person with one of the roles between administrator and user. */
export async function personWithRole(world: World, username: string, role: 'user_manager' | 'auditor'): Promise<Person> {
  const who = await person(world, { username });
  await world.database.db.updateTable('user').set({ role }).where('id', '=', who.id).execute();
  return who;
}

/** The audit rows of one event, newest last, their data read. */
export async function auditRows({ database: { db } }: World, event: string) {
  const rows = await db.selectFrom('audit_log').selectAll().where('event', '=', event).orderBy('created_at').execute();
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as Record<string, string> }));
}
