export interface User {
  readonly id: number;
  readonly username: string;
  readonly passwordHash: string;
  readonly createdTime: number;
}

export interface UserStore {
  /** Answers false, and changes nothing, when the username is taken. */
  insert(user: User): Promise<boolean>;
  /** The highest id that a user ever had; 0 before the first. */
  highestId(): Promise<number>;
  find(id: number): Promise<User | undefined>;
  findByUsername(username: string): Promise<User | undefined>;
}
