package cli

// NewRoot is the tree of commands, for the tests of its texts.
var NewRoot = newRoot
