import type { Db } from '#platform/db/open.ts';
import { imageStore } from './store.ts';

/** Addresses of people's pictures, for pages. */
export const createPortraits = (db: Db) => ({
  /** Where somebody's own picture is, or the uploaded default, in the version it has now; undefined when there are only their initials. */
  async addressOf(userId: string): Promise<string | undefined> {
    const own = `user/${userId}`;
    const found = await imageStore(db).versions([own, 'app/default-profile-picture']);
    const shown = found.find(({ key }) => key === own) ?? found[0];
    return shown && `/api/users/${userId}/profile-picture.png?v=${shown.hash}`;
  },
});
