import type { Db } from '#platform/db/open.ts';

export const settingStore = (db: Db) => ({
  all: () => db.selectFrom('setting').select(['key', 'value']).execute(),
  put: (key: string, value: string) =>
    db
      .insertInto('setting')
      .values({ key, value })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
      .execute(),
  remove: (key: string) => db.deleteFrom('setting').where('key', '=', key).execute(),
});
