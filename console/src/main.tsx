import "@mantine/core/styles.css";
import "./app/global.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient } from "./app/query-client.ts";
import { createConsoleRouter } from "./app/router.tsx";
import { resolveVariables, theme } from "./app/theme.ts";

const root = document.getElementById("root");
if (root === null) throw new Error("The page has no element #root.");

createRoot(root).render(
	<StrictMode>
		<MantineProvider
			theme={theme}
			cssVariablesResolver={resolveVariables}
			defaultColorScheme="auto"
		>
			<QueryClientProvider client={createQueryClient()}>
				<RouterProvider router={createConsoleRouter()} />
			</QueryClientProvider>
		</MantineProvider>
	</StrictMode>,
);
