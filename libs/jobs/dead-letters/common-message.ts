const messageMax = 500;

/** What messages of one cause have alike: numbers and quoted values differ from record to record, and stand as `#`. */
export function commonMessage(message: string): string {
  return message
    .slice(0, messageMax)
    .replaceAll(/"[^"\n]*"|'[^'\n]*'|`[^`\n]*`/g, '#')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, '#')
    .replaceAll(/\d+/g, '#');
}
