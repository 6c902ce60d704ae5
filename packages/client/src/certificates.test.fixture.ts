import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test's own, with one certificate for a server on loopback and one for a client. */
export interface Certificates {
  /** The authority's own certificate. */
  readonly ca: string;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly server: Certificate;
  /** For a client whose common name is `parley-client`. */
  readonly client: Certificate;
}

const LOOPBACK = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1';

/** Makes them with the openssl of the system, anew for each caller; they are good for a day. */
export function createCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'parley-certificates-'));
  try {
    const openssl = (...args: string[]): void => {
      execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    };
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const issue = (name: string, subject: string, extension: string): Certificate => {
      writeFileSync(join(folder, `${name}.ext`), `${extension}\n`);
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', subject);
      const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
      openssl('x509', '-req', ...files, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1');
      return { cert: read(folder, `${name}.pem`), key: read(folder, `${name}.key`) };
    };
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=parley-ca',
      '-days',
      '1',
    );
    return {
      ca: read(folder, 'ca.pem'),
      server: issue('server', '/CN=localhost', LOOPBACK),
      client: issue('client', '/CN=parley-client', 'extendedKeyUsage=clientAuth'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}
