import {
	createRootRoute,
	createRoute,
	createRouter,
	lazyRouteComponent,
} from "@tanstack/react-router";
import { catalogSearch } from "../catalog/catalog-search.ts";
import { ErrorState } from "../components/error-state.tsx";
import { HomePage } from "../home/home-page.tsx";
import { NotFoundPage } from "./not-found-page.tsx";
import { PageLoading } from "./page-loading.tsx";
import { Shell } from "./shell.tsx";

const rootRoute = createRootRoute({
	component: Shell,
	notFoundComponent: NotFoundPage,
});

const text = (value: unknown): string | undefined =>
	typeof value === "string" && value !== "" ? value : undefined;

const home = createRoute({
	getParentRoute: () => rootRoute,
	path: "/",
	component: HomePage,
});

const catalog = createRoute({
	getParentRoute: () => rootRoute,
	path: "/catalog",
	validateSearch: catalogSearch,
	component: lazyRouteComponent(
		() => import("../catalog/catalog-page.tsx"),
		"CatalogPage",
	),
});

const compare = createRoute({
	getParentRoute: () => rootRoute,
	path: "/catalog/compare",
	validateSearch: (search: Record<string, unknown>): { ids?: string } => {
		const ids = text(search.ids);
		return ids === undefined ? {} : { ids };
	},
	component: lazyRouteComponent(
		() => import("../catalog/compare-page.tsx"),
		"ComparePage",
	),
});

const model = createRoute({
	getParentRoute: () => rootRoute,
	path: "/models/$modelId",
	component: lazyRouteComponent(
		() => import("../models/model-page.tsx"),
		"ModelPage",
	),
});

/** `model` preselects; the playground reads what else it wants. */
const playground = createRoute({
	getParentRoute: () => rootRoute,
	path: "/playground",
	validateSearch: (
		search: Record<string, unknown>,
	): { model?: string; task?: string } => {
		const chosen = text(search.model);
		const task = text(search.task);
		return {
			...(chosen === undefined ? {} : { model: chosen }),
			...(task === undefined ? {} : { task }),
		};
	},
	component: lazyRouteComponent(
		() => import("../playground/playground-page.tsx"),
		"PlaygroundPage",
	),
});

const fleet = createRoute({
	getParentRoute: () => rootRoute,
	path: "/fleet",
	component: lazyRouteComponent(
		() => import("../fleet/fleet-page.tsx"),
		"FleetPage",
	),
});

const service = createRoute({
	getParentRoute: () => rootRoute,
	path: "/fleet/$service",
	component: lazyRouteComponent(
		() => import("../fleet/service-page.tsx"),
		"ServicePage",
	),
});

/** The model that a form begins with. */
function readModel(search: Record<string, unknown>): { model?: string } {
	const chosen = text(search.model);
	return chosen === undefined ? {} : { model: chosen };
}

const benchmarks = createRoute({
	getParentRoute: () => rootRoute,
	path: "/benchmarks",
	validateSearch: readModel,
	component: lazyRouteComponent(
		() => import("../benchmarks/benchmarks-page.tsx"),
		"BenchmarksPage",
	),
});

const benchmark = createRoute({
	getParentRoute: () => rootRoute,
	path: "/benchmarks/$id",
	component: lazyRouteComponent(
		() => import("../benchmarks/benchmark-page.tsx"),
		"BenchmarkPage",
	),
});

const evaluations = createRoute({
	getParentRoute: () => rootRoute,
	path: "/evaluations",
	component: lazyRouteComponent(
		() => import("../evaluations/evaluations-page.tsx"),
		"EvaluationsPage",
	),
});

const evaluation = createRoute({
	getParentRoute: () => rootRoute,
	path: "/evaluations/$id",
	component: lazyRouteComponent(
		() => import("../evaluations/evaluation-page.tsx"),
		"EvaluationPage",
	),
});

const optimizations = createRoute({
	getParentRoute: () => rootRoute,
	path: "/optimizations",
	validateSearch: readModel,
	component: lazyRouteComponent(
		() => import("../optimizations/optimizations-page.tsx"),
		"OptimizationsPage",
	),
});

const optimization = createRoute({
	getParentRoute: () => rootRoute,
	path: "/optimizations/$id",
	component: lazyRouteComponent(
		() => import("../optimizations/optimization-page.tsx"),
		"OptimizationPage",
	),
});

const keys = createRoute({
	getParentRoute: () => rootRoute,
	path: "/keys",
	component: lazyRouteComponent(
		() => import("../access/keys-page.tsx"),
		"KeysPage",
	),
});

const usage = createRoute({
	getParentRoute: () => rootRoute,
	path: "/usage",
	component: lazyRouteComponent(
		() => import("../access/usage-page.tsx"),
		"UsagePage",
	),
});

const blueprints = createRoute({
	getParentRoute: () => rootRoute,
	path: "/blueprints",
	component: lazyRouteComponent(
		() => import("../blueprints/blueprints-page.tsx"),
		"BlueprintsPage",
	),
});

const blueprintSource = createRoute({
	getParentRoute: () => rootRoute,
	path: "/blueprints/$name/source",
	validateSearch: (search: Record<string, unknown>): { file?: string } => {
		const file = text(search.file);
		return file === undefined ? {} : { file };
	},
	component: lazyRouteComponent(
		() => import("../blueprints/source-page.tsx"),
		"SourcePage",
	),
});

export function createConsoleRouter() {
	return createRouter({
		routeTree: rootRoute.addChildren([
			home,
			catalog,
			compare,
			model,
			playground,
			fleet,
			service,
			benchmarks,
			benchmark,
			evaluations,
			evaluation,
			optimizations,
			optimization,
			keys,
			usage,
			blueprints,
			blueprintSource,
		]),
		defaultPreload: "intent",
		scrollRestoration: true,
		defaultPendingComponent: PageLoading,
		defaultErrorComponent: ({ error, reset }) => (
			<ErrorState error={error} onRetry={reset} />
		),
	});
}

declare module "@tanstack/react-router" {
	interface Register {
		router: ReturnType<typeof createConsoleRouter>;
	}
}
