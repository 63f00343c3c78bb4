namespace XLLM.Architecture.Tests;

/// <summary>The dependency table in Silo/ARCHITECTURE.md is the rule; these tests read it, so neither can drift from the other.</summary>
public sealed class FolderDependencyTests
{
    private const string Root = "XLLM.Silo.";
    private static readonly Dictionary<string, string[]> Allowed = ReadTable();
    private static readonly Dictionary<string, string[]> AllowedOutside = ReadOutsideTable();

    [Fact]
    public void EveryFolder_UsesOnlyWhatTheArchitectureAllows()
    {
        using var module = Repository.Module("Silo");
        var violations =
            from type in Mono.Cecil.Rocks.ModuleDefinitionRocks.GetAllTypes(module)
            from used in Repository.UsedTypes(type)
            let user = Folder(Repository.NamespaceOf(type))
            let target = Folder(Repository.NamespaceOf(used))
            where user is not null && target is not null && user != target && user != "Hosting" && !Allowed[user].Contains(target)
            select $"{type.FullName} uses {used.FullName}, but {user} may use only: {string.Join(", ", Allowed[user])}";

        Assert.Empty(violations.Distinct());
    }

    [Fact]
    public void OnlyTheNamedFolders_UseOtherProjects()
    {
        using var module = Repository.Module("Silo");
        var violations =
            from type in Mono.Cecil.Rocks.ModuleDefinitionRocks.GetAllTypes(module)
            from used in Repository.UsedTypes(type)
            let user = Folder(Repository.NamespaceOf(type))
            let target = AllowedOutside.Keys.FirstOrDefault(prefix => Repository.NamespaceOf(used).StartsWith(prefix, StringComparison.Ordinal))
            where user is not null && target is not null && !AllowedOutside[target].Contains(user)
            select $"{type.FullName} uses {used.FullName}, but {target} is for: {string.Join(", ", AllowedOutside[target])}";

        Assert.Empty(violations.Distinct());
    }

    [Fact]
    public void EveryFolderOfTheSilo_IsInTheTable()
    {
        using var module = Repository.Module("Silo");
        var missing = Mono.Cecil.Rocks.ModuleDefinitionRocks.GetAllTypes(module)
            .Select(type => Repository.NamespaceOf(type))
            .Where(name => name.StartsWith(Root, StringComparison.Ordinal))
            .Select(name => name[Root.Length..].Split('.')[0])
            .Distinct()
            .Except(Allowed.Keys);

        Assert.Empty(missing);
    }

    [Fact]
    public void TheAllowedDependencies_HaveNoCycle()
    {
        var done = new HashSet<string>();
        void Visit(string folder, string[] path)
        {
            Assert.DoesNotContain(folder, path);
            if (done.Add(folder))
            {
                Array.ForEach(Allowed[folder], next => Visit(next, [.. path, folder]));
            }
        }

        Array.ForEach([.. Allowed.Keys], folder => Visit(folder, []));
    }

    private static string? Folder(string name)
    {
        if (!name.StartsWith(Root, StringComparison.Ordinal))
        {
            return null;
        }

        var folder = name[Root.Length..].Split('.')[0];
        return Allowed.ContainsKey(folder) ? folder : null;
    }

    private static Dictionary<string, string[]> ReadTable()
    {
        var rows = Repository.Table("Silo/ARCHITECTURE.md", "Folder", "May use");
        var names = rows.Select(row => row[0]).ToArray();
        return rows.ToDictionary(row => row[0], row => row[1] == "all of them" ? [.. names.Where(name => name != row[0])] : Split(row[1]));
    }

    private static Dictionary<string, string[]> ReadOutsideTable() =>
        Repository.Table("Silo/ARCHITECTURE.md", "Namespace", "Only for").ToDictionary(row => row[0], row => Split(row[1]));

    private static string[] Split(string cell) => cell.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
