namespace XLLM.Silo.Templates.Syntax;

/// <summary>A comparison operator.</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}
