/** What `Jobs` is injected by: it is an interface, which is nothing at run time. */
export const jobsToken = Symbol('millrace/jobs');
