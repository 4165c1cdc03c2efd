package archtest

// kind is what a package is allowed to see beside the floors below it.
type kind string

const (
	pure   kind = "pure"   // data in, data out: no network, files, clock, environment
	flow   kind = "flow"   // one verb; sees no rim, only its own small interfaces
	rim    kind = "rim"    // an adapter to the outside; sees no flow
	store  kind = "store"  // effects of its own, but below both halves, which may use it
	wiring kind = "wiring" // puts flows and rims together
	entry  kind = "entry"  // a main package: sees neither flows nor rims itself
	helper kind = "helper" // for tests only: imported by _test files and other helpers
)

// room is a row of the table. A helper stands above what it helps to test.
type room struct {
	floor int
	kind  kind
}

// floors is the table of DESIGN.md, "Floors", by path under the module. Rows
// for packages that do not exist yet do no harm: the design names them.
var floors = map[string]room{
	"internal/image": {0, pure},
	"internal/forge": {0, pure}, // values only; the adapters below it are rims

	"internal/dockerfile": {1, pure},
	"internal/config":     {1, pure},
	"internal/ledger":     {1, pure},
	"internal/job":        {1, pure}, // what CI asks of a run, and is told

	"internal/scan":    {2, pure},
	"internal/compare": {2, pure},
	"internal/trash":   {2, pure}, // what was deleted, and how it comes back

	"internal/lineage":   {3, pure},
	"internal/retention": {3, pure},

	"internal/plan": {4, pure},

	"internal/render":   {5, pure},
	"internal/cache":    {5, store}, // one file; rims use it, flows its words
	"internal/attempt":  {5, store}, // one attempt at a request; for rims
	"internal/artifact": {5, flow},  // ledger and trash in a registry, for the flows above

	"internal/bump":    {6, flow},
	"internal/retire":  {6, flow},
	"internal/prune":   {6, flow},
	"internal/promote": {6, flow},
	"internal/cascade": {6, flow},

	"internal/registry":        {6, rim},
	"internal/registry/hosted": {6, rim}, // the registries' own APIs: lists and deletes
	"internal/forge/github":    {6, rim},
	"internal/forge/gitlab":    {6, rim},
	"internal/forge/local":     {6, rim},
	"internal/action":          {6, rim},
	"internal/pipeline":        {6, rim},
	"internal/sandbox":         {6, rim},

	"internal/sandbox/git":    {5, store}, // objects in memory, for both forges
	"internal/sandbox/serve":  {5, store}, // how they listen, and remember what they were asked
	"internal/sandbox/github": {6, rim},
	"internal/sandbox/gitlab": {6, rim},

	"internal/demo": {7, wiring},
	"internal/cli":  {8, wiring},

	"cmd/basekeeper":       {9, entry},
	"internal/cli/clocked": {9, entry}, // the same, with a clock for tests

	"internal/archtest":              {9, helper},
	"internal/enginetest":            {8, helper}, // a Docker engine, and the image in it
	"internal/acttest":               {9, helper}, // the action in its container, run by act
	"internal/gitlabtest":            {9, helper}, // the component, run by gitlab-ci-local
	"internal/cli/clitest":           {9, helper}, // whole commands in a test's process
	"internal/lifecycletest":         {9, helper}, // retire, prune and restore, on real registries
	"internal/benchtest":             {9, helper}, // the whole program, measured
	"internal/forge/forgetest":       {7, helper}, // the suite that every forge passes
	"internal/registry/registrytest": {7, helper}, // a registry to test against
	"internal/sandbox/spectest":      {7, helper}, // the forges' own API descriptions
}
