/**
 * Java key stores as keytool wrote them (`-storetype JKS`, an EC key for localhost and 127.0.0.1, a hundred years), for specs of what
 * uses TLS. Password of all: `changeit`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const storePassword = 'changeit';

export interface TestStores {
  /** A key and its certificate, which signs itself. */
  readonly keyStore: string;
  /** That certificate as one to trust. */
  readonly trustStore: string;
  /** A key whose own password is another than the store's. */
  readonly otherKeyPassword: string;
  /** The key store as PKCS12. */
  readonly pkcs12: string;
}

/** Writes them into a folder. */
export function writeTestStores(folder: string): TestStores {
  const write = (name: string, lines: readonly string[]): string => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.from(lines.join(''), 'base64'));
    return path;
  };
  return {
    keyStore: write('keystore.jks', keyStore),
    trustStore: write('truststore.jks', trustStore),
    otherKeyPassword: write('other.jks', otherKeyPassword),
    pkcs12: write('keystore.p12', pkcs12),
  };
}

const keyStore = [
  '/u3+7QAAAAIAAAABAAAAAQAGc2VydmVyAAABogNJGPEAAAB/MH0wDgYKKwYBBAEqAhEBAQUABGtFdqjtV4UpwOd/oxpE/IIL/a9+SINhd6wWF/',
  'PzWoQxvfgOMwcaE4n+kaM7Le1j0kUGopSO1bGB3WiOVvdh/kd/RB3wWJSH/zEaEfRsUT7E9yF7Y67CSqDN05CAaOqEmp6B8Z2gxWyOCsIOoQAA',
  'AAEABVguNTA5AAABYTCCAV0wggEDoAMCAQICCCcjvLPoD7vfMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMTCWxvY2FsaG9zdDAgFw0yNjExMjIxMj',
  'Q0MTFaGA8yMTI2MTAyOTEyNDQxMVowFDESMBAGA1UEAxMJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEud7m6Bd7jPLo+ybt',
  'hA2hmFICkR6hjBdFTgXos/1ypiPfLfGDeN2ak8+MmMspN5UR1zjqucJKBDCZpEmp+VaNa6M9MDswHQYDVR0OBBYEFMaageGqDEZZADzYz5/4Fl',
  'eFsgmzMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAKBggqhkjOPQQDAgNIADBFAiEAha7qp+EAoaG9P8KA03uKoh9XX5ptimoiZCK08x1e',
  'k3YCIC2vvCvCfxiR4MvYxcFuDmLE4dvRzhxonwmyAe+E8M+++FvJSyKWmggx606FFsMMeQ2ix1k=',
];

const trustStore = [
  '/u3+7QAAAAIAAAABAAAAAgACY2EAAAGiA0ka0QAFWC41MDkAAAFhMIIBXTCCAQOgAwIBAgIIJyO8s+gPu98wCgYIKoZIzj0EAwIwFDESMBAGA1',
  'UEAxMJbG9jYWxob3N0MCAXDTI2MTEyMjEyNDQxMVoYDzIxMjYxMDI5MTI0NDExWjAUMRIwEAYDVQQDEwlsb2NhbGhvc3QwWTATBgcqhkjOPQIB',
  'BggqhkjOPQMBBwNCAAS53uboF3uM8uj7Ju2EDaGYUgKRHqGMF0VOBeiz/XKmI98t8YN43ZqTz4yYyyk3lRHXOOq5wkoEMJmkSan5Vo1roz0wOz',
  'AdBgNVHQ4EFgQUxpqB4aoMRlkAPNjPn/gWV4WyCbMwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMCA0gAMEUCIQCFruqn',
  '4QChob0/woDTe4qiH1dfmm2KaiJkIrTzHV6TdgIgLa+8K8J/GJHgy9jFwW4OYsTh29HOHGifCbIB74Twz759A1T5D5pvWV2zemwAr1PDDJn5FQ',
  '==',
];

const otherKeyPassword = [
  '/u3+7QAAAAIAAAABAAAAAQAGc2VydmVyAAABogNJHEwAAAB/MH0wDgYKKwYBBAEqAhEBAQUABGv5L9DElSkoCfsZOTVpdq7cTQSwRAtJPuulIp',
  'HuLG0Ixs7Ah9NcSTbwHGGnKweeExsu14jzuDpzWx3q7S7O6kmy3UVs89jOAGgv341VSRnx8f8sfdAXqA+RYHRrNwsaP7uLp6XO1CmObMM9iwAA',
  'AAEABVguNTA5AAABQzCCAT8wgeegAwIBAgIICCQ6B8XOaOcwCgYIKoZIzj0EAwIwFDESMBAGA1UEAxMJbG9jYWxob3N0MCAXDTI2MTEyMjEyND',
  'QxMloYDzIxMjYxMDI5MTI0NDEyWjAUMRIwEAYDVQQDEwlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQKzFJjF/JsQxPE9gvz',
  'F0n1EOdJMO3TOTi7b/+/nOC+IiECMcdI9prPDoWXa1i0nsLZuQBwS6fVeRob8XpKnsSwoyEwHzAdBgNVHQ4EFgQUTNF4VvfeMdcAOF8DcDe+Ke',
  'rOX40wCgYIKoZIzj0EAwIDRwAwRAIgEAMjSK+IRcJpRTahAYyJHjjZUVPfXF8C8ij5GpdEw6ICIAreIS4WxESgUMxL06fy6nwfodUg6xvIJ1kf',
  '8FeBkC9amvmZdl/lzL/GLOEo1/8+H4I3Yco=',
];

const pkcs12 = [
  'MIIEEAIBAzCCA7oGCSqGSIb3DQEHAaCCA6sEggOnMIIDozCCASoGCSqGSIb3DQEHAaCCARsEggEXMIIBEzCCAQ8GCyqGSIb3DQEMCgECoIG9MI',
  'G6MGYGCSqGSIb3DQEFDTBZMDgGCSqGSIb3DQEFDDArBBTsNK0Dl4+nqfviz7Di7uMmEaiOuAICJxACASAwDAYIKoZIhvcNAgkFADAdBglghkgB',
  'ZQMEASoEEIcmrRt5LdM4LvYabVQygZMEUH2OwdvlYvyvvwt1plyNObHypaV8aqJIRpQQ/fyp3kxZR/QqQyBmoAjjjW1sTu0ZtpKzQ8Gu/ynk+j',
  'aEnMMQQjLYm169wnB1bcKsWtAr8RZoMUAwGwYJKoZIhvcNAQkUMQ4eDABzAGUAcgB2AGUAcjAhBgkqhkiG9w0BCRUxFAQSVGltZSAxNzk1MzUx',
  'NDUyOTg1MIICcQYJKoZIhvcNAQcGoIICYjCCAl4CAQAwggJXBgkqhkiG9w0BBwEwZgYJKoZIhvcNAQUNMFkwOAYJKoZIhvcNAQUMMCsEFMEnVU',
  'lHW8BO6Dq6KwpoZVQPiBIxAgInEAIBIDAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQgq2lCnD5D9gLAJAChPlQfICCAeB4zNsXC/1tZAVF',
  'QJz/bepl7tBLSIMMjI7n0+afpiFO4XwrdcG+FWvyPhf+biNVb5FUFtDmrZxnbF/3PpqdCy40LcdCFpLQOKeIw7VUVwiFf4IvqjwyOU7yuYwrsK',
  'MN1o39St53LUtwCMacNo2zb+eBVUHhbvLafxmakXyiwsOSnvWX6jO/DyMVpJBcuTGDJw+QDFpOUJt6QiZsFow8BPGC4PIOwFszOHEZhA+oEOT/',
  'Q02mbfXKPFBvzr6Ey5ufaWTXlQK/Db/TpqS9U/+f6w9z0cmBIoU+gXzVk8j0jCjfsfKWY2bxcMvIPIJ3b7B1pCdKXHF0iG/ZTW7TBOhv6n1tiR',
  'iykz1gJMn6yo5xdkZ3LksNWVsG1ccFXqdyQd7JTOBc6QHXOZ1wNUCX3XKWh0u1Ja3g0aMS9y2ubF+MvDT9GgoyujRJajwrx5iTbILXlco8U+WC',
  'PiCJBlFzR6shykF7FdMHyFMWeTEwFgp3hWZxMiME1xP3ImDtHvdfgQ4KV20rBhFhrkd7xbvkyKr0zkWiqFICNewsr71OJQBesvh2a1OhecILXk',
  'r2CHNg0Bmmqq241n+cDjNNDiKshCLgj7UBYOG/oouOlEt9ixW85GhFQkmIo40AlH+gQQHS3tKRes8wTTAxMA0GCWCGSAFlAwQCAQUABCD3nyD/',
  'Quj1sQeDM90aMqrmzmWyjkIBpRLlo9rhDuaoRwQUYoOHHdQXIvV5lOdin64FeIy5EbYCAicQ',
];
