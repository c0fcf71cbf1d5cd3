/** What is said letter by letter, in its plural too. */
const INITIALS = /^(api|cimd|dn|id|ldap|oidc|pkce|smtp|tls|ttl|url)(s?)$/i;

/** `displayName` → "Display name", `callbackURLs` → "Callback URLs". */
const words = (name: string): string => {
  const spelled = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .split(' ')
    .map((word) => {
      const [, letters, plural] = INITIALS.exec(word) ?? [];
      return letters === undefined ? word.toLowerCase() : letters.toUpperCase() + plural;
    })
    .join(' ');
  return spelled.charAt(0).toUpperCase() + spelled.slice(1);
};
const singular = (plural: string): string => plural.replace(/ies$/, 'y').replace(/s$/, '');
/** Within a sentence: "Permission" → "permission", but "URL" stays. */
const within = (text: string): string => (/^[A-Z](?![A-Z])/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);

/**
 * A field as the start of a sentence about it: `firstName` → "First name", `callbackURLs[0]` → "Callback URL 1",
 * `permissions[1].key` → "Key of permission 2", `[0].key` → "Key of entry 1", `claimsMapping.rename.email` → "Email of rename".
 */
export function spoken(field: string): string {
  const [, list = '', entry, rest] = /^(?:.*\.)?([^.[\]]*)\[(\d+)\](?:\.(.+))?$/.exec(field) ?? [];
  if (entry === undefined) {
    const [name = '', whole] = field.split('.').reverse();
    return whole === undefined ? words(name) : `${words(name)} of ${within(words(whole))}`;
  }
  const one = `${list === '' ? 'Entry' : singular(words(list))} ${Number(entry) + 1}`;
  return rest === undefined ? one : `${spoken(rest)} of ${within(one)}`;
}
