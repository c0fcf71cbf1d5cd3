import type { Clock } from '#platform/clock.ts';
import type { Db } from '#platform/db/open.ts';
import { imageStore } from './store.ts';

const SHOWN = ['logoLight', 'logoDark', 'background', 'favicon'] as const;
/** Images that stand on pages, where an administrator replaced ours. */
export type ChosenImages = Partial<Record<(typeof SHOWN)[number], { hash: string; type: string }>>;

/** Another replica's change is seen at most so many seconds later. */
const FRESH_SECONDS = 4;

/** Keeps in memory which images were replaced, since every page asks for that, also the one that says that the database is away. */
export function createChosenImages({ db, clock }: { db: Db; clock: Clock }) {
  let images: ChosenImages = {};
  let loadedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;
  const reload = async () => {
    const rows = await imageStore(db).versions(SHOWN.map((name) => `app/${name}`));
    images = Object.fromEntries(rows.map(({ key, hash, type }) => [key.slice('app/'.length), { hash, type }]));
    loadedAt = clock.now();
  };
  return {
    reload,
    async list(): Promise<ChosenImages> {
      // A clock that was set back says nothing of how old they are.
      if (Math.abs(clock.now() - loadedAt) < FRESH_SECONDS) return images;
      // A database that does not answer leaves the old ones; the settings, read as often, say so in the log.
      loading ??= reload()
        .catch(() => undefined)
        .finally(() => {
          loadedAt = clock.now();
          loading = undefined;
        });
      await loading;
      return images;
    },
  };
}
