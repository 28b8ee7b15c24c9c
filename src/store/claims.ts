/**
 * Work that one process on the database does and no other may do at the same time. Within a process
 * nobody is kept away: a name that is claimed here is given again.
 */
export interface ClaimStore {
  /** Answers false while another living process has the name. */
  take(name: string): Promise<boolean>;
  /** To be called when the work is done or given up; does nothing to the claim of another process. */
  release(name: string): Promise<void>;
}
