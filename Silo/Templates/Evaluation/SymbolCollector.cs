using System.Runtime.CompilerServices;
using XLLM.Silo.Templates.Syntax;
using XLLM.Silo.Templates.Values;

namespace XLLM.Silo.Templates.Evaluation;

/// <summary>Collects the names that statements read and set in their own scope, leaving out what lies in scopes inside.</summary>
internal static class SymbolCollector
{
    public static void Collect(IEnumerable<Node> nodes, SymbolScope scope)
    {
        foreach (var node in nodes)
        {
            Collect(node, scope);
        }
    }

    public static void Collect(Node node, SymbolScope scope)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (node)
        {
            case NameExpression { Use: NameUse.Parameter } name:
                scope.DeclareParameter(name.Name);
                break;
            case NameExpression { Use: NameUse.Store } name:
                scope.Store(name.Name);
                break;
            case NameExpression name:
                scope.Load(name.Name);
                break;
            case NamespaceTarget target:
                scope.Load(target.Name);
                break;
            case IfStatement branches:
                CollectBranches(branches, scope);
                break;
            case MacroStatement macro:
                scope.Store(macro.Name);
                break;
            case SetStatement set:
                Collect(set.Value, scope);
                Collect(set.Target, scope);
                break;
            case ForStatement loop:
                Collect(loop.Items, scope);
                break;
            case CallBlockStatement call:
                Collect(call.Call, scope);
                break;
            case FilterBlockStatement filter:
                Collect(filter.Filter, scope);
                break;
            case WithStatement with:
                Collect(with.Variables.Select(variable => variable.Value), scope);
                break;
            case SetBlockStatement set:
                Collect(set.Target, scope);
                break;
            case AutoEscapeStatement or BlockStatement or GenerationStatement:
                break;
            case LoaderStatement loader:
                Collect(loader.Children, scope);
                foreach (var name in loader.Names)
                {
                    scope.Store(name);
                }

                break;
            default:
                Collect(node.Children, scope);
                break;
        }
    }

    /// <summary>Marks the names of a loop's target as the scope's parameters.</summary>
    public static void DeclareTarget(Expression target, SymbolScope scope)
    {
        if (target is NameExpression name)
        {
            scope.DeclareParameter(name.Name);
        }

        foreach (var child in target.Children.OfType<Expression>())
        {
            DeclareTarget(child, scope);
        }
    }

    private static void CollectBranches(IfStatement branches, SymbolScope scope)
    {
        Collect(branches.Test, scope);
        scope.Merge(Branch(branches.Body.Statements), Branch(branches.ElseIfs), Branch(branches.Otherwise.Statements));

        SymbolScope Branch(IEnumerable<Node> nodes)
        {
            var branch = scope.Branch();
            Collect(nodes, branch);
            return branch;
        }
    }
}
