/**
 * OpenSSL's name of a cipher suite that may have Java's: `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384` is `ECDHE-RSA-AES256-GCM-SHA384`. Suites of TLS 1.3
 * (`TLS_AES_256_GCM_SHA384`) and names that are OpenSSL's already stay.
 */
export function opensslCipher(name: string): string {
  const match = /^TLS_(\w+)_WITH_(\w+)$/.exec(name);
  if (match === null) return name;
  const [, exchange = '', cipher = ''] = match;
  const parts = [exchange === 'RSA' ? '' : exchange, cipher]
    .filter((part) => part !== '')
    .join('_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/_CBC(?=_SHA)/, '')
    .replace(/_POLY1305_SHA256$/, '_POLY1305');
  return parts.replaceAll('_', '-');
}
