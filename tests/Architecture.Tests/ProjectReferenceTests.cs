using System.Xml.Linq;
using XLLM.Testing;

namespace XLLM.Architecture.Tests;

/// <summary>The arrows between projects: the table in Silo/ARCHITECTURE.md against project files and built assemblies.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = Repository.Table("Silo/ARCHITECTURE.md", "Project", "May reference")
        .ToDictionary(row => row[0], row => row[1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(Repository.Projects.Contains).ToArray());

    public static TheoryData<string> Projects => new(Repository.Projects);

    [Theory]
    [MemberData(nameof(Projects))]
    public void AProject_ReferencesOnlyWhatItMay(string project)
    {
        var file = XDocument.Load(Path.Combine(Paths.Repository, project, $"{project}.csproj"));
        var references = file.Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

        Assert.Empty(references.Except(Allowed[project]));
    }

    [Fact]
    public void OnlyProgram_UsesTheGateway_FromTheSilo()
    {
        using var silo = Repository.Module("Silo");
        var users =
            from type in Mono.Cecil.Rocks.ModuleDefinitionRocks.GetAllTypes(silo)
            where Repository.NamespaceOf(type).StartsWith("XLLM", StringComparison.Ordinal)
            from used in Repository.UsedTypes(type)
            where Repository.NamespaceOf(used).StartsWith("XLLM.Gateway", StringComparison.Ordinal)
            select $"{type.FullName} uses {used.FullName}";

        Assert.Empty(users.Distinct());
    }

    [Theory]
    [InlineData("NativeBackends", "Orleans")]
    [InlineData("NativeBackends", "Microsoft.Extensions")]
    [InlineData("NativeBackends", "Microsoft.AspNetCore")]
    [InlineData("Grains", "Microsoft.AspNetCore")]
    public void AnAssembly_DoesNotReference(string project, string prefix)
    {
        using var module = Repository.Module(project);

        Assert.DoesNotContain(module.AssemblyReferences, reference => reference.Name.StartsWith(prefix, StringComparison.Ordinal));
    }
}
