import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** A host is, or resolves to, an address that is not on the public internet. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/** IPv4 that is no host's on the internet: https://www.iana.org/assignments/iana-ipv4-special-registry */
const NOT_PUBLIC_IPV4 = subnets('ipv4', [
  '0.0.0.0/8', // this network, the unspecified address among it
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind carriers' address translation
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, where clouds have their metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocols
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays to IPv6
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
]);

/** IPv6 is public within this block alone, but for what stands below: https://www.iana.org/assignments/ipv6-unicast-address-assignments */
const GLOBAL_IPV6 = subnets('ipv6', ['2000::/3']);
const NOT_PUBLIC_IPV6 = subnets('ipv6', [
  '2001::/23', // protocols, tunnels to IPv4 addresses among them
  '2001:db8::/32', // documentation
  '2002::/16', // tunnels to IPv4 addresses
  '3fff::/20', // documentation
]);

function subnets(family: 'ipv4' | 'ipv6', list: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const subnet of list) {
    const [network = '', prefix] = subnet.split('/');
    blocks.addSubnet(network, Number(prefix), family);
  }
  return blocks;
}

/**
 * Whether an address is one of the public internet: not loopback, private, link-local, shared, multicast or
 * unspecified, and none that wraps an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  const [bare = ''] = address.split('%');
  const family = isIP(bare);
  if (family === 4) return !NOT_PUBLIC_IPV4.check(bare, 'ipv4');
  return family === 6 && GLOBAL_IPV6.check(bare, 'ipv6') && !NOT_PUBLIC_IPV6.check(bare, 'ipv6');
}

/** Throws PrivateAddressError where a host, as URLs spell it, is such an address itself: those are never looked up. */
export function requirePublicLiteral(hostname: string): void {
  const host = hostname.replace(/^\[|\]$/gu, '');
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw new PrivateAddressError(`${host} is not public`);
}

/**
 * Resolves names for one connection, which then goes to what was looked at here: a name that answers otherwise the
 * next time gets nowhere. One address that is not public is enough to refuse the name.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      callback(error, '');
      return;
    }
    const refused = addresses.find(({ address }) => !isPublicAddress(address));
    const [first] = addresses;
    if (refused !== undefined) {
      callback(new PrivateAddressError(`${hostname} is ${refused.address}, which is not public`), '');
    } else if (options.all === true) callback(null, addresses);
    else callback(null, first?.address ?? '', first?.family);
  });
};
