import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `npm run dev` of the console finds a gateway. */
const gateway = process.env.GALLEY_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
	root: fileURLToPath(new URL(".", import.meta.url)),
	base: "/",
	plugins: [react()],
	server: { proxy: { "/v1": { target: gateway } } },
	build: {
		outDir: "../dist/console",
		emptyOutDir: true,
		// The gateway serves `/` and `/console/*`; everything else belongs to its API.
		assetsDir: "console",
		// No data: addresses, no inline script: the content security policy stays strict.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		target: "es2022",
		// The renderer of Markdown, which only the playground loads.
		chunkSizeWarningLimit: 600,
		rolldownOptions: {
			output: {
				codeSplitting: {
					groups: [
						{
							name: "react",
							test: /node_modules\/(react|react-dom|scheduler)\//,
						},
						{
							name: "tanstack",
							test: /node_modules\/@tanstack\/(?!react-virtual|virtual-core)/,
						},
						{ name: "chart", test: /node_modules\/uplot\// },
					],
				},
			},
		},
	},
});
