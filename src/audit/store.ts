import type { Db } from '#platform/db/open.ts';
import type { Row } from '#platform/db/tables.ts';

export const auditStore = (db: Db) => ({
  insert: (row: Row<'audit_log'>) => db.insertInto('audit_log').values(row).execute(),
});
