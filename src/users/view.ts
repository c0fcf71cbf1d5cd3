import type { CustomClaim } from '../custom-claims/contract.ts';
import type { GroupMinimal } from '../groups/minimal.contract.ts';
import type { User } from './contract.ts';
import type { ShownUser } from './store.ts';

/** A row as the REST API shows it. */
export const toUser = (row: ShownUser, customClaims: CustomClaim[] = [], userGroups: GroupMinimal[] = []): User => ({
  id: row.id,
  username: row.username,
  email: row.email,
  emailVerified: row.email_verified === 1,
  firstName: row.first_name,
  lastName: row.last_name,
  displayName: row.display_name,
  isAdmin: row.is_admin === 1,
  locale: row.locale,
  customClaims,
  userGroups,
  ldapId: row.ldap_id,
  disabled: row.disabled === 1,
  role: row.role as User['role'],
});

/** What an audit row tells of a user. */
export const described = (row: ShownUser) => {
  const { customClaims, userGroups, ...told } = toUser(row);
  return told;
};
