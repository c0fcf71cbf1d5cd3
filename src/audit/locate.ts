import { BlockList, isIP } from 'node:net';
import { INTERNAL } from './contract.ts';
import type { Locate } from './service.ts';

const networks = (ranges: readonly (readonly [string, number])[]) => {
  const list = new BlockList();
  for (const [net, bits] of ranges) list.addSubnet(net, bits, isIP(net) === 6 ? 'ipv6' : 'ipv4');
  return list;
};
const LOOPBACK = networks([
  ['127.0.0.0', 8],
  ['::1', 128],
]);
/** RFC 6598; most who meet it at home meet it through Tailscale. */
const SHARED = networks([
  ['100.64.0.0', 10],
  ['fd7a:115c:a1e0::', 48],
]);
const PRIVATE = networks([
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['fc00::', 7],
  ['fe80::', 10],
]);

/** Says of addresses at home which part of it they are (`ownRanges`: IPv6 networks that are part of it too), and asks `beyond` for all others. */
export function createLocate(beyond: Locate = () => ({ country: '', city: '' }), ownRanges: readonly string[] = []): Locate {
  const own = networks(
    ownRanges.map((range) => {
      const [net = '', bits] = range.split('/');
      return [net, Number(bits ?? 128)] as const;
    }),
  );
  return (ip) => {
    const family = isIP(ip);
    if (family === 0) return { country: '', city: '' };
    const within = (list: BlockList) => list.check(ip, family === 6 ? 'ipv6' : 'ipv4');
    if (within(LOOPBACK)) return { country: INTERNAL, city: 'localhost' };
    if (within(SHARED)) return { country: INTERNAL, city: 'Tailscale' };
    if (within(PRIVATE) || within(own)) return { country: INTERNAL, city: 'LAN' };
    return beyond(ip);
  };
}
