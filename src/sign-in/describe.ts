import type { Reason } from '#access/decide.ts';
import type { AuthorizationRequest } from '#oidc/authorize.ts';
import type { Step } from '#oidc/decide.ts';
import type { Client, Person } from '#oidc/ports.ts';
import { type ShownScope, shownScopes } from '#oidc/shown-scopes.ts';
import type { Db } from '#platform/db/open.ts';
import type { Origin } from '#platform/http/context.ts';
import { signInStore } from './store.ts';
import { type RefusedView, type StepView, shortId, type ViewClient, type ViewPerson, type ViewScope } from './view.ts';

/** Which logos each client has, `version` being the light one's; a client that has none is not in the map. */
export type LogosOf = (clientIds: readonly string[]) => Promise<Map<string, { light: boolean; dark: boolean; version?: string }>>;

/** Local path of somebody's picture; undefined when there are only their initials. */
export type PictureOf = (userId: string) => Promise<string | undefined>;

/** A person as pages show them. */
export const toPerson = async (person: Person, pictureOf: PictureOf): Promise<ViewPerson> => ({
  id: person.id,
  username: person.username,
  displayName: person.displayName,
  email: person.email,
  firstName: person.firstName,
  lastName: person.lastName,
  groups: person.groups.map((group) => group.name),
  picture: await pictureOf(person.id),
});

const VALUES: Record<string, (person: Person) => (string | null)[]> = {
  profile: (person) => [person.displayName, person.username],
  email: (person) => [person.email],
  groups: (person) => person.groups.map((group) => group.name),
};

/** A scope with what the application would get by it; a permission with its API and what administrators say of it. */
export function toScope({ key, name, api, description }: ShownScope, person: Person | undefined): ViewScope {
  const ofApi = [api, description];
  const ofPerson = person && Object.hasOwn(VALUES, key) ? (VALUES[key]?.(person) ?? []) : [];
  return { key, name, values: [...ofPerson, ...ofApi].filter((value): value is string => Boolean(value)) };
}

/** Scheme and host, as a source of CSP; for an application's own scheme the scheme alone. */
function originOfUri(uri: string): string {
  const { origin, protocol } = new URL(uri);
  return origin === 'null' ? protocol : origin;
}

/** Makes of facts what pages show. */
export function createDescriptions({ db, logosOf, pictureOf }: { db: Db; logosOf: LogosOf; pictureOf: PictureOf }) {
  const store = signInStore(db);
  const client = async ({ id, name, launchUrl }: Client): Promise<ViewClient> => {
    const logos = (await logosOf([id])).get(id);
    return { id, name, hasLogo: logos?.light ?? false, logoVersion: logos?.version, hasDarkLogo: logos?.dark ?? false, launchUrl };
  };

  return {
    client,

    async step(from: { id: string; request: AuthorizationRequest; client: Client; person?: Person; remaining: Step[] }): Promise<StepView> {
      const { id, request, person, remaining } = from;
      return {
        kind: 'step',
        id,
        step: remaining[0] ?? 'consent',
        remaining,
        client: await client(from.client),
        person: person && (await toPerson(person, pictureOf)),
        scopes: shownScopes(request, from.client)
          .filter(({ key }) => key !== 'openid')
          .map((scope) => toScope(scope, person)),
        loginHint: request.loginHint,
        uiLocales: request.uiLocales,
        answersByForm: request.responseMode === 'form_post',
        returnOrigin: originOfUri(request.redirectUri),
      };
    },

    /** Names the groups that would have helped, and an administrator to ask. */
    async refused(from: {
      reason: Reason;
      client: Client;
      person?: Person;
      id?: string;
      request?: AuthorizationRequest;
      origin: Origin;
    }): Promise<RefusedView> {
      const { reason, person, id, origin } = from;
      const mine = person?.groups.map((group) => group.id) ?? [];
      const allowed = reason === 'not-in-allowed-group' ? from.client.allowedGroupIds : [];
      const named = await store.groupNames([...new Set([...allowed, ...mine])]);
      const administrator = await store.administrator();
      return {
        kind: 'refused',
        reason,
        client: await client(from.client),
        person: person && (await toPerson(person, pictureOf)),
        missingGroups: named.filter((group) => allowed.includes(group.id)).map((group) => group.friendly_name),
        personGroups: named.filter((group) => mine.includes(group.id)).map((group) => group.friendly_name),
        askWhom: administrator?.display_name,
        requestId: shortId(origin.requestId),
        id,
        uiLocales: from.request?.uiLocales,
      };
    },
  };
}
export type Descriptions = ReturnType<typeof createDescriptions>;
