// The page of RISE does not share @jupyterlab/console and @jupyterlab/logconsole, which the widget
// manager asks for (jupyterlab-contrib/rise, issue 119). This extension shares empty ones: tokens
// that nobody provides. Where JupyterLab shares the real ones, they stay.
const nobody = { IConsoleTracker: { name: "none" }, ILoggerRegistry: { name: "none" } };

(window._JUPYTERLAB = window._JUPYTERLAB || {})["widgets-in-slides"] = {
  init(scope) {
    for (const name of ["@jupyterlab/console", "@jupyterlab/logconsole"]) {
      scope[name] ??= {
        "4.0.0": { get: () => Promise.resolve(() => nobody), from: "widgets-in-slides" },
      };
    }
  },
  get() {
    return Promise.resolve(() => ({ __esModule: true, default: [] }));
  },
};
