using Mono.Cecil;
using XLLM.Testing;

namespace XLLM.Architecture.Tests;

/// <summary>What the guards read: built assemblies, project files, the tables of the ARCHITECTURE.md files.</summary>
internal static class Repository
{
    /// <summary>The product's projects; their folder names.</summary>
    public static readonly string[] Projects = ["Grains.Interfaces", "Grains", "NativeBackends", "Silo", "Gateway"];

    /// <summary>Reads the built assembly of a project.</summary>
    public static ModuleDefinition Module(string project) => ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, $"XLLM.{project}.dll"));

    /// <summary>The rows of the first table in a file whose header begins with the given cells; cells trimmed, code marks taken away.</summary>
    public static string[][] Table(string file, params string[] header)
    {
        var lines = File.ReadAllLines(Path.Combine(Paths.Repository, file));
        var start = Array.FindIndex(lines, line => Cells(line).Take(header.Length).SequenceEqual(header));
        Assert.True(start >= 0, $"{file} has no table with the header | {string.Join(" | ", header)} |");
        return [.. lines.Skip(start + 2).TakeWhile(line => line.StartsWith('|')).Select(Cells)];
    }

    /// <summary>Every type that a type names in its signature or code.</summary>
    public static IEnumerable<TypeReference> UsedTypes(TypeDefinition type)
    {
        IEnumerable<TypeReference?> Direct()
        {
            yield return type.BaseType;
            foreach (var one in type.Interfaces)
            {
                yield return one.InterfaceType;
            }

            foreach (var attribute in type.CustomAttributes)
            {
                yield return attribute.AttributeType;
            }

            foreach (var field in type.Fields)
            {
                yield return field.FieldType;
            }

            foreach (var method in type.Methods)
            {
                yield return method.ReturnType;
                foreach (var parameter in method.Parameters)
                {
                    yield return parameter.ParameterType;
                }

                if (!method.HasBody)
                {
                    continue;
                }

                foreach (var variable in method.Body.Variables)
                {
                    yield return variable.VariableType;
                }

                foreach (var instruction in method.Body.Instructions)
                {
                    switch (instruction.Operand)
                    {
                        case TypeReference used:
                            yield return used;
                            break;
                        case MethodReference called:
                            yield return called.DeclaringType;
                            yield return called.ReturnType;
                            break;
                        case FieldReference field:
                            yield return field.DeclaringType;
                            break;
                        default:
                            break;
                    }
                }
            }
        }

        return Direct().Where(used => used is not null).SelectMany(used => Parts(used!));
    }

    /// <summary>A generic or array type's own parts.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type)
    {
        if (type is GenericInstanceType generic)
        {
            foreach (var part in generic.GenericArguments.SelectMany(Parts))
            {
                yield return part;
            }
        }

        if (type is TypeSpecification wrapped)
        {
            foreach (var part in Parts(wrapped.ElementType))
            {
                yield return part;
            }
        }
        else
        {
            yield return type;
        }
    }

    /// <summary>The namespace of a type, of its outermost type where it is nested.</summary>
    public static string NamespaceOf(TypeReference type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type.Namespace;
    }

    private static string[] Cells(string line) =>
        line.StartsWith('|') ? [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Replace("`", "", StringComparison.Ordinal).Trim())] : [];
}
