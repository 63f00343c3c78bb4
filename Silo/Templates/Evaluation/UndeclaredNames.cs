using System.Runtime.CompilerServices;
using XLLM.Silo.Templates.Syntax;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Which of some special names (<c>loop</c>, <c>caller</c>, ...) a body reads before it sets them, at any depth.</summary>
internal static class UndeclaredNames
{
    public static HashSet<string> Find(IEnumerable<Node> nodes, params string[] names)
    {
        var open = names.ToHashSet();
        var found = new HashSet<string>();
        foreach (var node in nodes)
        {
            Visit(node, open, found);
        }

        return found;
    }

    private static void Visit(Node node, HashSet<string> open, HashSet<string> found)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (open.Count == 0 || node is BlockStatement)
        {
            return;
        }

        if (node is NameExpression name)
        {
            if (name.Use == NameUse.Load && open.Contains(name.Name))
            {
                found.Add(name.Name);
            }

            // Set or found: the rest of the body does not change the answer.
            open.Remove(name.Name);
        }

        foreach (var child in node.Children)
        {
            Visit(child, open, found);
        }
    }
}
