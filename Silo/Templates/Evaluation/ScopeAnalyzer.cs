using System.Runtime.CompilerServices;
using XLLM.Silo.Templates.Library;
using XLLM.Silo.Templates.Syntax;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Gives every name of a template its place, once, before it is first rendered; finds what Jinja2 refuses to compile.</summary>
internal sealed class ScopeAnalyzer
{
    private readonly HashSet<string> _blocks = [];

    /// <summary>Analyzes a template; the result is its outermost scope.</summary>
    /// <exception cref="ChatTemplateException">An unknown filter or test, a block defined twice, a loop control outside of a loop, an assignment to <c>loop</c>.</exception>
    public ScopeLayout Analyze(Body template)
    {
        var symbols = new SymbolScope(null);
        SymbolCollector.Collect(template.Statements, symbols);
        Visit(template.Statements, new AnalysisFrame(symbols, IsTopLevel: true, IsSoft: false, IsInLoop: false));
        return symbols.Layout();
    }

    private static ChatTemplateException Fail(Node node, string message) => new($"line {node.Line}: {message}");

    private void Visit(IEnumerable<Node> nodes, AnalysisFrame frame)
    {
        foreach (var node in nodes)
        {
            Visit(node, frame);
        }
    }

    private void Visit(Node node, AnalysisFrame frame)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (node)
        {
            case NameExpression name:
                name.Place = frame.Symbols.Place(name.Name);
                break;
            case NamespaceTarget target:
                target.Place = frame.Symbols.Place(target.Name);
                break;
            case FilterExpression filter:
                CheckKnown(filter, frame, FilterLibrary.Contains(filter.Name), $"No filter named '{filter.Name}'.");
                Visit(filter.Children, frame);
                break;
            case TestExpression test:
                CheckKnown(test, frame, TestLibrary.Contains(test.Name), $"No test named '{test.Name}'.");
                Visit(test.Children, frame);
                break;
            case ConditionalExpression or IfStatement:
                Visit(node.Children, frame.Soft());
                break;
            case LoopControlStatement control when !frame.IsInLoop:
                throw Fail(node, $"'{control.Flow}' outside loop".ToLowerInvariant());
            case ForStatement loop:
                VisitLoop(loop, frame);
                break;
            case MacroStatement macro:
                VisitMacro(macro, macro.Signature, frame);
                macro.Place = frame.Symbols.Place(macro.Name);
                macro.IsTopLevel = frame.IsTopLevel;
                break;
            case CallBlockStatement call:
                VisitMacro(call, call.Signature, frame);
                Visit(call.Call, frame);
                break;
            case GenerationStatement generation:
                VisitMacro(generation, generation.Signature, frame);
                break;
            case SetStatement set:
                Visit(set.Children, frame);
                set.Exports = Exports(set.Target, frame);
                break;
            default:
                VisitScoped(node, frame);
                break;
        }
    }

    private void VisitScoped(Node node, AnalysisFrame frame)
    {
        var symbols = new SymbolScope(frame.Symbols);
        var inner = frame.Inner(symbols);
        switch (node)
        {
            case SetBlockStatement set:
                SymbolCollector.Collect(set.Body.Statements, symbols);
                Visit(set.Body.Statements, inner);
                Visit(set.Target, frame);
                if (set.Filter is not null)
                {
                    Visit(set.Filter, inner);
                }

                set.Layout = symbols.Layout();
                set.Exports = Exports(set.Target, frame);
                break;
            case FilterBlockStatement filter:
                SymbolCollector.Collect(filter.Children, symbols);
                Visit(filter.Children, inner);
                filter.Layout = symbols.Layout();
                break;
            case WithStatement with:
                SymbolCollector.Collect(with.Variables.Select(variable => variable.Target), symbols);
                SymbolCollector.Collect(with.Body.Statements, symbols);
                Visit(with.Variables.Select(variable => variable.Target), inner);
                Visit(with.Variables.Select(variable => variable.Value), frame);
                Visit(with.Body.Statements, inner);
                with.Layout = symbols.Layout();
                break;
            case AutoEscapeStatement escape:
                SymbolCollector.Collect(escape.Children, symbols);
                Visit(escape.Children, inner);
                escape.Layout = symbols.Layout();
                break;
            case BlockStatement block:
                VisitBlock(block, frame);
                break;
            default:
                Visit(node.Children, frame);
                break;
        }
    }

    private static void CheckKnown(Node node, AnalysisFrame frame, bool isKnown, string message)
    {
        if (!isKnown && !frame.IsSoft)
        {
            throw Fail(node, message);
        }
    }

    private static List<NameExpression> Exports(Expression target, AnalysisFrame frame)
    {
        var names = new List<NameExpression>();
        if (frame.IsTopLevel)
        {
            Gather(target);
        }

        return names;

        void Gather(Expression part)
        {
            if (part is NameExpression name)
            {
                names.Add(name);
            }

            foreach (var child in part.Children.OfType<Expression>())
            {
                Gather(child);
            }
        }
    }

    private void VisitLoop(ForStatement loop, AnalysisFrame frame)
    {
        if (StoresLoop(loop))
        {
            throw Fail(loop, "Can't assign to special loop variable in for-loop target");
        }

        var symbols = new SymbolScope(frame.Symbols);
        var usesLoop = loop.IsRecursive || UndeclaredNames.Find(loop.Body.Statements, "loop").Count > 0 || HasScopedBlock(loop);
        if (usesLoop)
        {
            loop.LoopSlot = symbols.DeclareParameter("loop");
        }

        SymbolCollector.DeclareTarget(loop.Target, symbols);
        SymbolCollector.Collect(loop.Body.Statements, symbols);
        var body = frame.Inner(symbols, isInLoop: true);
        Visit(loop.Items, frame);
        if (loop.Test is not null)
        {
            var test = new SymbolScope(frame.Symbols, symbols.Slots);
            SymbolCollector.DeclareTarget(loop.Target, test);
            SymbolCollector.Collect(loop.Test, test);
            Visit(loop.Test, frame.Inner(test));
            loop.TestLayout = test.Layout();
        }

        Visit(loop.Target, body);
        Visit(loop.Body.Statements, body);
        loop.BodyLayout = symbols.Layout();
        if (loop.Otherwise.Statements.Count > 0)
        {
            var otherwise = new SymbolScope(frame.Symbols);
            SymbolCollector.Collect(loop.Otherwise.Statements, otherwise);
            Visit(loop.Otherwise.Statements, frame.Inner(otherwise, frame.IsInLoop && !loop.IsRecursive));
            loop.OtherwiseLayout = otherwise.Layout();
        }
    }

    private static bool StoresLoop(Node node) => Has(node, part => part is NameExpression { Name: "loop", Use: NameUse.Store });

    private static bool HasScopedBlock(Node node) => Has(node, part => part is BlockStatement { IsScoped: true });

    private static bool Has(Node node, Func<Node, bool> test)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return test(node) || node.Children.Any(child => Has(child, test));
    }

    private void VisitMacro(Node node, MacroSignature signature, AnalysisFrame frame)
    {
        var symbols = new SymbolScope(frame.Symbols);
        var body = signature.Body.Statements;
        Node[] parts = [.. signature.Parameters, .. signature.Defaults, .. body];
        SymbolCollector.Collect(parts, symbols);
        var special = UndeclaredNames.Find(body, "caller", "kwargs", "varargs");
        foreach (var parameter in signature.Parameters)
        {
            if (parameter.Name is "kwargs" or "varargs")
            {
                special.Remove(parameter.Name);
            }
        }

        if (special.Contains("caller"))
        {
            var index = signature.Parameters.ToList().FindIndex(parameter => parameter.Name == "caller");
            if (index < 0)
            {
                signature.CallerSlot = symbols.DeclareParameter("caller");
            }
            else if (signature.Default(index) is null)
            {
                throw Fail(node, "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.");
            }
        }

        signature.KeywordsSlot = special.Contains("kwargs") ? symbols.DeclareParameter("kwargs") : -1;
        signature.PositionalSlot = special.Contains("varargs") ? symbols.DeclareParameter("varargs") : -1;
        Visit(parts, frame.Inner(symbols, isInLoop: false));
        signature.Layout = symbols.Layout();
    }

    private void VisitBlock(BlockStatement block, AnalysisFrame frame)
    {
        if (!_blocks.Add(block.Name))
        {
            throw Fail(block, $"block '{block.Name}' defined twice");
        }

        block.Visible = block.IsScoped ? Visible(frame.Symbols) : [];
        var symbols = new SymbolScope(null);
        SymbolCollector.Collect(block.Body.Statements, symbols);
        Visit(block.Body.Statements, new AnalysisFrame(symbols, IsTopLevel: false, IsSoft: false, IsInLoop: false));
        block.Layout = symbols.Layout();
    }

    private static List<(string Name, VariablePlace Place)> Visible(SymbolScope symbols)
    {
        var result = new List<(string, VariablePlace)>();
        var names = new HashSet<string>();
        for (var scope = symbols; scope is not null; scope = scope.Parent)
        {
            result.AddRange(scope.Stores.Where(names.Add).Select(name => (name, symbols.Place(name))));
        }

        return result;
    }
}
