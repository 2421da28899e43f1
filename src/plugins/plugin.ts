// What a plugin of this folder is: a function that equips the root app. Types only.
import type { FastifyInstance } from 'fastify';

/** Equips the root app (no encapsulation: what it adds holds for every route registered after it). */
export type AppPlugin = (app: FastifyInstance) => void | Promise<void>;
