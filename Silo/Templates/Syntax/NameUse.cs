namespace XLLM.Silo.Templates.Syntax;

/// <summary>What a name stands for at its place.</summary>
internal enum NameUse
{
    Load,
    Store,
    Parameter,
}
