namespace XLLM.Grains.Interfaces.Parsing;

/// <summary>The tool-call syntaxes that can be taken apart, by name. A syntax is a class and a line here.</summary>
public static class ToolCallParsers
{
}
