namespace XLLM.Silo.Templates.Syntax;

/// <summary>A part of a template's syntax tree.</summary>
/// <param name="line">Its line, from 1.</param>
internal abstract class Node(int line)
{
    public int Line { get; } = line;

    /// <summary>The direct parts, in the order in which Jinja2 visits them; the order decides which names count as read before they are set.</summary>
    public virtual IEnumerable<Node> Children => [];
}
