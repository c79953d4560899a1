/** The base of all other dictionaries: words, numbers, addresses, paths, times, and the lines of syslog, Apache and Java. */
const monthNames = [
  'Jan(?:uary)?',
  'Feb(?:ruary)?',
  'Mar(?:ch)?',
  'Apr(?:il)?',
  'May',
  'June?',
  'July?',
  'Aug(?:ust)?',
  'Sep(?:t(?:ember)?)?',
  'Oct(?:ober)?',
  'Nov(?:ember)?',
  'Dec(?:ember)?',
].join('|');
const dayNames = [
  'Mon(?:day)?',
  'Tue(?:s(?:day)?)?',
  'Wed(?:nesday)?',
  'Thu(?:rs(?:day)?)?',
  'Fri(?:day)?',
  'Sat(?:urday)?',
  'Sun(?:day)?',
].join('|');
const octet = String.raw`(?:25[0-5]|2[0-4]\d|[01]?\d{1,2})`;
const quoted = ['"', "'", '`'].map((quote) => String.raw`${quote}(?:[^\\${quote}]|\\.)*${quote}`).join('|');
const levels = ['trace', 'debug', 'notice', 'info', 'warn(?:ing)?', 'err(?:or)?', 'crit(?:ical)?', 'fatal', 'severe'];
const hex = '[0-9A-Fa-f]';

/** A level in lower case, with a capital, or in capitals throughout. */
const levelSpellings = [...levels, 'emerg(?:ency)?', 'alert']
  .flatMap((level) => [level, level.charAt(0).toUpperCase() + level.slice(1), level.toUpperCase()])
  .join('|');

export const grokPatterns = String.raw`
USERNAME [\w.-]+
USER %{USERNAME}
WORD \b\w+\b
NOTSPACE \S+
SPACE \s*
DATA .*?
GREEDYDATA .*
UUID ${hex}{8}(?:-${hex}{4}){3}-${hex}{12}
QUOTEDSTRING (?<!\\)(?:${quoted})
QS %{QUOTEDSTRING}

INT [+-]?\d+
POSINT \b[1-9]\d*\b
NONNEGINT \b\d+\b
BASE10NUM (?<![\d.+-])[+-]?(?:\d+(?:\.\d+)?|\.\d+)
NUMBER %{BASE10NUM}
BASE16NUM (?<!${hex})[+-]?(?:0x)?${hex}+
BASE16FLOAT \b(?<![0-9A-Fa-f.])[+-]?(?:0x)?(?:${hex}+(?:\.${hex}*)?|\.${hex}+)\b

CISCOMAC ${hex}{4}\.${hex}{4}\.${hex}{4}
WINDOWSMAC ${hex}{2}(?:-${hex}{2}){5}
COMMONMAC ${hex}{2}(?::${hex}{2}){5}
MAC (?:%{CISCOMAC}|%{WINDOWSMAC}|%{COMMONMAC})
IPV4 (?<!\d)${octet}(?:\.${octet}){3}(?!\d)
IPV6 (?<![:.\w])(?:(?:${hex}{1,4}:){7}${hex}{1,4}|(?:${hex}{1,4}:){1,7}:|(?:${hex}{1,4}:){1,6}:${hex}{1,4}|(?:${hex}{1,4}:){1,5}(?::${hex}{1,4}){1,2}|(?:${hex}{1,4}:){1,4}(?::${hex}{1,4}){1,3}|(?:${hex}{1,4}:){1,3}(?::${hex}{1,4}){1,4}|(?:${hex}{1,4}:){1,2}(?::${hex}{1,4}){1,5}|${hex}{1,4}:(?::${hex}{1,4}){1,6}|:(?::${hex}{1,4}){1,7}|::(?:[fF]{4}:)?${octet}(?:\.${octet}){3})(?![:.\w])
IP (?:%{IPV4}|%{IPV6})
HOSTNAME \b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*(?:\.|\b)
HOST %{HOSTNAME}
IPORHOST (?:%{HOSTNAME}|%{IP})
HOSTPORT %{IPORHOST}:%{POSINT}

UNIXPATH (?:/[\w%!$@:.,+~-]*)+
TTY /dev/(?:pts|tty[pq]?)\w*/?\d+
WINPATH (?:[A-Za-z]+:|\\)(?:\\[^\\?*]*)+
PATH (?:%{UNIXPATH}|%{WINPATH})
URIPROTO [A-Za-z][A-Za-z+.-]*
URIHOST %{IPORHOST}(?::%{POSINT:port})?
URIPATH (?:/[\w$.+!*'(){},~:;=@#%-]*)+
URIPARAM \?[\w$.+!*'|(){},~@#%&/=:;?\[\]-]*
URIPATHPARAM %{URIPATH}(?:%{URIPARAM})?
URI %{URIPROTO}://(?:%{USER}(?::[^@]*)?@)?(?:%{URIHOST})?(?:%{URIPATHPARAM})?

MONTH \b(?:${monthNames})\b
MONTHNUM (?:1[0-2]|0?[1-9])
MONTHDAY (?:0[1-9]|[12]\d|3[01]|[1-9])
DAY (?:${dayNames})
YEAR (?:\d{4}|\d{2})
HOUR (?:2[0-3]|[01]?\d)
MINUTE [0-5]\d
SECOND (?:[0-5]\d|60)(?:[:.,]\d+)?
TIME (?<!\d)%{HOUR}:%{MINUTE}(?::%{SECOND})?(?!\d)
DATE_US %{MONTHNUM}[/-]%{MONTHDAY}[/-]%{YEAR}
DATE_EU %{MONTHDAY}[./-]%{MONTHNUM}[./-]%{YEAR}
DATE (?:%{DATE_US}|%{DATE_EU})
ISO8601_TIMEZONE (?:Z|[+-]%{HOUR}(?::?%{MINUTE})?)
ISO8601_SECOND %{SECOND}
TIMESTAMP_ISO8601 %{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?
DATESTAMP %{DATE}[- ]%{TIME}
TZ (?:[PMCE][SD]T|UTC|GMT)
DATESTAMP_RFC822 %{DAY} %{MONTH} %{MONTHDAY} %{YEAR} %{TIME} %{TZ}
DATESTAMP_OTHER %{DAY} %{MONTH} %{MONTHDAY} %{TIME} %{TZ} %{YEAR}
HTTPDATE %{MONTHDAY}/%{MONTH}/%{YEAR}:%{TIME} %{INT}

SYSLOGTIMESTAMP %{MONTH} +%{MONTHDAY} %{TIME}
PROG [\w./%-]+
SYSLOGPROG %{PROG:program}(?:\[%{POSINT:pid}\])?
SYSLOGHOST %{IPORHOST}
SYSLOGFACILITY <%{NONNEGINT:facility}.%{NONNEGINT:priority}>
SYSLOGBASE %{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGFACILITY} )?%{SYSLOGHOST:logsource} %{SYSLOGPROG}:

COMMONAPACHELOG %{IPORHOST:clientip} %{USER:ident} %{USER:auth} \[%{HTTPDATE:timestamp}\] "(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" %{NUMBER:response} (?:%{NUMBER:bytes}|-)
COMBINEDAPACHELOG %{COMMONAPACHELOG} %{QS:referrer} %{QS:agent}

LOGLEVEL (?:${levelSpellings})
`;
