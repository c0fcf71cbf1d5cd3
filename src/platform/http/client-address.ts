import { BlockList, isIP, SocketAddress } from 'node:net';

/** `::ffff:192.0.2.1` is how a socket for both families names an IPv4 client. */
const plain = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address);

/** An entry of X-Forwarded-For without the port that some proxies add; undefined when it is no address. */
function entry(text: string): string | undefined {
  const bare = text.trim();
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(bare)?.[1] ?? /^([\d.]+):\d+$/.exec(bare)?.[1] ?? bare;
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  // One address has many spellings (`::FFFF:a00:1` is 10.0.0.1 too): lists and limits know one of them. A zone says nothing here.
  return plain(new SocketAddress({ address: address.replace(/%.*/, ''), family: 'ipv6' }).address);
}

function membership(trusted: boolean | readonly string[]): (address: string) => boolean {
  if (typeof trusted === 'boolean') return () => trusted;
  // A list of its own for each: to a common one every IPv4 address is in `::1/64`, by its form in IPv6.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
  for (const item of trusted) {
    const [address = '', bits] = item.split('/');
    const family = familyOf(address);
    if (bits === undefined) lists[family].addAddress(address, family);
    else lists[family].addSubnet(address, Number(bits), family);
  }
  return (address) => lists[familyOf(address)].check(address, familyOf(address));
}

/**
 * Who the client is: the peer, or, where the peer is a proxy of ours, the rightmost entry of X-Forwarded-For that is not one. Everything left of
 * that was sent by the client itself. An entry that is no address ends the walk: what stands left of it cannot be told.
 */
export function clientAddress(
  trusted: boolean | readonly string[],
): (peer: string | undefined, forwardedFor: string | undefined) => string {
  const isProxy = membership(trusted);
  return (peer, forwardedFor) => {
    let client = plain(peer ?? '');
    if (trusted === false || forwardedFor === undefined || !isProxy(client)) return client;
    const entries = forwardedFor.split(',');
    while (entries.length > 0 && isProxy(client)) {
      const next = entry(entries.pop() as string);
      if (next === undefined) break;
      client = next;
    }
    return client;
  };
}
