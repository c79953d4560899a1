import type { GroupMember, JoinRequest } from '#broker/groups/group-member';

/** Whether `request` shares its type and at least one protocol with all other members. */
export function protocolsFit(
  request: JoinRequest,
  protocolType: string | null,
  members: readonly GroupMember[],
): boolean {
  if (request.protocolType === '' || request.protocols.length === 0) return false;
  if (members.length === 0) return true;
  if (request.protocolType !== protocolType) return false;
  const others = members.filter(
    (member) =>
      member.memberId !== request.memberId &&
      (member.groupInstanceId === null || member.groupInstanceId !== request.groupInstanceId),
  );
  return request.protocols.some((protocol) => others.every((member) => speaks(member, protocol.name)));
}

/** Of the protocols that all members speak, the one that most of them like best. */
export function favouriteProtocol(members: readonly GroupMember[]): string {
  const common = new Set(members[0]?.protocols.map((protocol) => protocol.name));
  for (const name of common) if (!members.every((member) => speaks(member, name))) common.delete(name);
  const votes = new Map<string, number>();
  for (const member of members) {
    const choice = member.protocols.find((protocol) => common.has(protocol.name));
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
  }
  const [name] = [...votes].reduce((left, right) => (right[1] > left[1] ? right : left), ['', 0]);
  return name;
}

function speaks(member: GroupMember, protocol: string): boolean {
  return member.protocols.some((candidate) => candidate.name === protocol);
}
