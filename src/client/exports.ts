// What both entries of the package export: the types of what the client takes and answers, and its error.
export type {
  Container,
  ContainerState,
  EffectiveMode,
  Mode,
  NamespaceRef,
  NetworkAttachment,
  Protocol,
  PublishedPort,
} from '../schemas/container.ts';
export type { CreateBridged, CreateClosed, CreateJoined, CreateOpen, DryRun } from '../schemas/create.ts';
export type { Login, LoginCode, Session, Ticket } from '../schemas/credentials.ts';
export type {
  DaemonConfigProblem,
  DaemonConfigQuery,
  DaemonConfigVerdict,
  EngineDaemonConfig,
} from '../schemas/daemon-config.ts';
export type { EngineView, Readiness } from '../schemas/engine.ts';
export type { ErrorCode } from '../schemas/error-codes.ts';
export type { EventContainer, EventFrame, EventName, EventsState, GapFrame } from '../schemas/events.ts';
export type { ExecRequest, ExecResult } from '../schemas/exec.ts';
export type { Ifconfig, Interface, Neighbour, Resolver, Route } from '../schemas/ifconfig.ts';
export type { Image, PullDone, PullStep } from '../schemas/images.ts';
export type { LabFile } from '../schemas/lab.ts';
export type { CheckReport, CheckResult, LabCheck } from '../schemas/lab-check.ts';
export type {
  LabApplied,
  LabAudit,
  LabFinding,
  LabInFull,
  LabPlanView,
  LabProgress,
  LabRemoved,
  LabView,
} from '../schemas/lab-view.ts';
export type { Lesson, LessonSummary } from '../schemas/lesson.ts';
export type { LogLine } from '../schemas/logs.ts';
export type {
  ContainerNamespaces,
  Namespace,
  NamespaceInFull,
  NamespaceKind,
  NamespaceMember,
  NamespaceSharing,
} from '../schemas/namespaces.ts';
export type { Netstat, Socket } from '../schemas/netstat.ts';
export type {
  Connect,
  CreatedNetwork,
  CreateNetwork,
  Disconnect,
  Network,
  NetworkDryRun,
  NetworkMember,
} from '../schemas/network.ts';
export type { Hop, PacketPath, Path, PathVerdict, SeenRule } from '../schemas/packet-path.ts';
export type { FileProblem, Problem } from '../schemas/problem.ts';
export type { ReachabilityNode, ReachabilityPair } from '../schemas/reachability.ts';
export type { StreamFormat, StreamKey, StreamState } from '../schemas/stream.ts';
export type { TerminalSize } from '../schemas/terminal.ts';
export type { Disagreement, Reachability, Verification, VerifiedEntry } from '../schemas/verification.ts';
export type { TerrariumClient } from './client.ts';
export { type ClientCode, type ErrorFacts, TerrariumError } from './error.ts';
export type { CallOptions, Token } from './http.ts';
export { LogPlace } from './log-place.ts';
export type { Pace } from './pace.ts';
export type { Access, LoginCodeOptions } from './resources/access.ts';
export type {
  Containers,
  CreateBodies,
  CreateOptions,
  IfconfigOptions,
  ListOptions,
  LogsOptions,
  NetstatOptions,
  OnEngine,
  PathOptions,
  RestartOptions,
  StopOptions,
} from './resources/containers.ts';
export type { Engines } from './resources/engines.ts';
export type { Images } from './resources/images.ts';
export type {
  ApplyOptions,
  CheckOnceOptions,
  CheckOptions,
  LabFileOptions,
  LabOptions,
  Labs,
  RemoveLabOptions,
  WatchChecksOptions,
} from './resources/labs.ts';
export type { Lessons } from './resources/lessons.ts';
export type { Namespaces, NamespacesOptions } from './resources/namespaces.ts';
export type { Networks, NetworksOptions } from './resources/networks.ts';
export type { Operations } from './resources/operations.ts';
export type { ReachabilityOptions, ReachabilityResource, VerifyOptions } from './resources/reachability.ts';
export type { Terminal, TerminalExit, TerminalOptions } from './terminal.ts';
export type { Observation } from './topics/copy.ts';
export type { EventNews, EventsSnapshot } from './topics/events.ts';
export type { Connection } from './topics/line.ts';
export type { LogNews } from './topics/logs.ts';
export type { EventsWish, IfconfigWish, LogsWish, NetstatWish, Subscribe, TopicWish } from './topics/streams.ts';
