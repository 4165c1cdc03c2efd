// Package lifecycletest tests the life cycle of images, that is retire, prune,
// restore and publish, by running whole commands against registries that people
// run: the rules R1 to R14 that prevent the known losses of other tools, and
// chaos, in which registries fail, processes are killed and people push
// meanwhile. It is a package of its own so that it runs beside package cli's
// tests.
package lifecycletest
