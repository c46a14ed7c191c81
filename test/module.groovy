// module.groovy - evaluates a Nextflow module's main.nf as the Groovy that it is, and prints the
// shell script that Nextflow would run.
//
//     groovy module.groovy main.nf script|stub PROCESS 'ext as Groovy map' 'inputs as Groovy map'
//
// The process' blocks (input:, output:, script: ...) are labels in a closure: here they become
// closures of their own, whose names are bound to the inputs. It checks that every block is Groovy,
// that input and output declare what they should, and that script and stub make text.
def (file, what, name, ext, inputs) = args as List
def source = new File(file).text
def body = (source =~ /(?s)^\s*process\s+(\w+)\s*\{(.*)\}\s*$/)
assert body && body[0][1] == name : "$file is not one process $name"
def blocks = [:].withDefault { new StringBuilder() }
def at = 'directives'
body[0][2].eachLine { line ->
    def label = (line =~ /^    (input|output|when|script|stub):\s*$/)
    if (label) at = label[0][1] else blocks[at] << line << '\n'
}
def needed = ['directives', 'input', 'output', 'when', 'script', 'stub']
assert needed.every { blocks.containsKey(it) } : "$file lacks a block: ${blocks.keySet()}"

class Names { // what stands in a declaration: val(meta), path("*.bcf"), emit: vcf
    def declared = [], emitted = [], evaluated = []
    def task = [process: 'PROCESS']
    def val(x) { "val $x" }
    def path(Map o = [:], x) { note(o); declared << x.toString(); "path $x" }
    def eval(x) { evaluated << x.toString(); "eval $x" }
    def tuple(Map o = [:], Object... x) { note(o); x }
    def note(o) { if (o.emit) emitted << o.emit.toString() }
    def propertyMissing(String n) { n }
}
def shell = new GroovyShell()
def declare = { text ->
    def c = shell.evaluate("{ -> $text }" as String)
    c.delegate = new Names()
    c.resolveStrategy = Closure.DELEGATE_FIRST
    c()
    c.delegate
}
def ins = declare(blocks.input)
def values = Eval.me(inputs)
def missing = ins.declared.findAll { !values.containsKey(it) }
assert !missing : "inputs without a value: $missing"
def outs = declare(blocks.output)

def task = [ext: Eval.me(ext), cpus: 2, process: name]
def scope = [task: task, moduleDir: '.', error: { throw new IllegalStateException(it.toString()) }] + values
def run = { text ->
    def b = new Binding(scope)
    new GroovyShell(b).evaluate(text.toString())
}
run(blocks.directives.toString().replaceAll(/(?m)^\s*(tag|label|conda|container) /, 'assert '))
if (!run(blocks.when)) { println '# not wanted'; return }
// Nextflow takes the common indentation off
println run(blocks[what]).toString().stripIndent()
outs.evaluated.each { println "# eval $it" }
println "# emits ${outs.emitted.join(' ')}"
